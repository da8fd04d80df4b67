//! Write: manifests as YAML with comments, or as JSON, on standard output or in a folder.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::build::Exported;
use crate::cli::Failure;

/// How manifests are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Documents with comments.
    Yaml,
    /// One list.
    Json,
}

/// All manifests as one text, under this heading.
///
/// # Errors
/// One cannot be written in that form.
pub fn text(form: Form, heading: &str, exported: &[Exported]) -> Result<String, Failure> {
    match form {
        Form::Yaml => {
            let documents: Vec<String> = exported.iter().map(document).collect::<Result<_, _>>()?;
            Ok(format!("{}{}", comment(heading), documents.join("---\n")))
        }
        Form::Json => {
            let items: Vec<&Json> = exported.iter().map(|one| &one.object).collect();
            Ok(serde_json::to_string_pretty(&json!({"apiVersion": "v1", "kind": "List", "items": items}))? + "\n")
        }
    }
}

/// Writes each manifest into a file of its own. A file that is there is replaced only where that is meant; else nothing is written at all.
///
/// # Errors
/// The folder cannot be written to, or has one of the files with other content.
pub fn folder(form: Form, heading: &str, exported: &[Exported], folder: &Path, replace: bool) -> Result<(), Failure> {
    let ending = if form == Form::Yaml { "yaml" } else { "json" };
    let mut files = Vec::new();
    for one in exported {
        let path = folder.join(format!("{}-{}.{ending}", one.row.kind.to_lowercase(), one.name));
        let text = match form {
            Form::Yaml => comment(heading) + &document(one)?,
            Form::Json => serde_json::to_string_pretty(&one.object)? + "\n",
        };
        let stands = std::fs::read_to_string(&path).ok();
        if !replace && stands.is_some_and(|stands| stands != text) {
            return Err(format!(
                "{} is there already, with other content; name another folder, or have it replaced with --replace",
                path.display()
            )
            .into());
        }
        files.push((path, text));
    }
    let unwritable = |path: &Path, error: std::io::Error| format!("cannot write {}: {error}", path.display());
    std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, error))?;
    for (path, text) in files {
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| unwritable(&path, error))?;
        file.write_all(text.as_bytes()).map_err(|error| unwritable(&path, error))?;
        file.persist(&path).map_err(|error| unwritable(&path, error.error))?;
    }
    Ok(())
}

fn document(one: &Exported) -> Result<String, Failure> {
    let mut text = comment(&format!("{} of {}: {}", one.row.kind, one.row.vendor, one.natural_key));
    one.remarks.iter().for_each(|remark| text.push_str(&comment(remark)));
    text.push_str(&serde_yaml::to_string(&one.object)?);
    Ok(text)
}

/// Comment lines. A vendor's words end none of them early.
fn comment(text: &str) -> String {
    text.split('\n').map(|line| format!("# {}\n", plain(line))).collect()
}

/// A text without anything that moves the cursor, or that YAML takes for the end of a line.
pub fn plain(text: &str) -> String {
    let ends = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}');
    text.chars().map(|letter| if ends(letter) { ' ' } else { letter }).collect()
}

/// Has the first column begin where the lines do.
pub fn flush_left(table: &mut comfy_table::Table) {
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::TABLES;

    fn one(name: &str, title: &str) -> Exported {
        Exported {
            row: TABLES.kind("TenantAccount").unwrap(),
            external_id: "1".to_owned(),
            natural_key: "subdomain a".to_owned(),
            name: name.to_owned(),
            object: json!({"kind": "TenantAccount", "metadata": {"name": name}, "spec": {"name": title}}),
            remarks: vec!["odd\u{2028}kind: Evil\u{85}x".to_owned()],
        }
    }

    /// YAML of 1.1, which kubectl reads, takes many words for something else than texts.
    #[test]
    fn odd_texts_stay_what_they_are() {
        for odd in [
            "yes",
            "On",
            "y",
            "null",
            "~",
            "0123",
            "0x1f",
            "1e3",
            "12:30:00",
            "- a",
            "a: b",
            "# x",
            "\n a\n",
            "é東\u{2028}",
            " x ",
        ] {
            let text = text(Form::Yaml, "head\nline", &[one("a", odd), one("b", "x")]).unwrap();
            let documents: Vec<Json> = text.split("---\n").map(|text| serde_yaml::from_str(text).unwrap()).collect();
            assert_eq!((documents.len(), &documents[0]["spec"]["name"]), (2, &json!(odd)), "{text}");
            assert!(text.starts_with("# head\n# line\n# TenantAccount") && !text.contains("\nkind: Evil"), "{text}");
        }
        let text = text(Form::Yaml, "", &[one("a", "on")]).unwrap();
        assert!(text.contains("name: \"on\"") || text.contains("name: 'on'"), "{text}");
    }

    #[test]
    fn a_folder_keeps_what_somebody_wrote_there() {
        let (folder, exported) = (tempfile::tempdir().unwrap(), [one("a", "x"), one("b", "y")]);
        let write = |replace| super::folder(Form::Yaml, "head", &exported, folder.path(), replace);
        write(false).unwrap();
        write(false).unwrap();
        let (a, b) = (folder.path().join("tenantaccount-a.yaml"), folder.path().join("tenantaccount-b.yaml"));
        std::fs::remove_file(&a).unwrap();
        std::fs::write(&b, "edited").unwrap();
        assert!(write(false).unwrap_err().to_string().contains("tenantaccount-b.yaml is there already"));
        assert!(!a.exists(), "nothing is written by half");
        write(true).unwrap();
        assert!(a.exists() && std::fs::read_to_string(&b).unwrap().starts_with("# head"));
    }
}
