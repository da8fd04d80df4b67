//! Which files to read, and their text.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::ManifestError;

/// The texts of `paths` in order, and what could not be read. Files named twice, as themselves and in a folder, are read once.
pub(super) fn read(paths: &[PathBuf]) -> (Vec<(PathBuf, String)>, Vec<ManifestError>) {
    let mut files: Vec<PathBuf> = Vec::new();
    let mut errors = Vec::new();
    for path in paths {
        let mut found = Vec::new();
        if !path.is_dir() {
            found.push(path.clone());
        } else if let Err(error) = list(path, &mut found) {
            errors.push(error);
        } else if found.is_empty() {
            errors.push(ManifestError::Empty { path: path.clone() });
        }
        found.retain(|file| !files.contains(file));
        files.append(&mut found);
    }
    let mut texts = Vec::new();
    for file in files {
        match text_of(&file) {
            Ok(text) => texts.push((file, text)),
            Err(source) => errors.push(ManifestError::Read { path: file, source }),
        }
    }
    (texts, errors)
}

fn text_of(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    if file == Path::new("-") {
        io::stdin().read_to_string(&mut text)?;
    } else {
        text = std::fs::read_to_string(file)?;
    }
    // Some editors begin a file with a byte order mark.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// All manifests below a folder, by name.
fn list(dir: &Path, found: &mut Vec<PathBuf>) -> Result<(), ManifestError> {
    let failed = |source| ManifestError::Read { path: dir.to_owned(), source };
    let mut entries = std::fs::read_dir(dir).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(failed)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // Links to folders are not followed: they can lead in a circle, and a mounted ConfigMap has each file twice by them.
        if entry.file_type().map_err(failed)?.is_dir() && !is_hidden(&path) {
            list(&path, found)?;
        } else if is_manifest(&path) {
            found.push(path);
        }
    }
    Ok(())
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'))
}

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    // A kustomization tells kustomize what to do with manifests; it is none itself.
    let kustomization = path.file_stem().is_some_and(|stem| stem == "kustomization");
    matches!(extension, Some("yaml" | "yml" | "json")) && !kustomization && !is_hidden(path) && path.is_file()
}
