//! Content: the Secrets and files that a spec names. Looked at, each is a fingerprint or a digest; sent, it is read just then.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use super::context::Engine;
use super::file::{File, FileSource, digest_of};
use super::kind::{Kind, SecretKey};
use super::kubernetes::{self, read_config_map, read_secret};
use super::prints::Prints;
use super::reason::Reason;
use super::reference::{Sort, Target};
use super::report::Stop;
use super::state::{Access, row};
use crate::base::secret::Secret;

/// What is looked at of everything that a spec names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Printed {
    /// The fingerprints of the secrets, by path.
    pub secrets: BTreeMap<String, String>,
    /// The digests of the files, by path.
    pub files: BTreeMap<&'static str, String>,
}

/// What is sent of it.
#[derive(Default)]
pub struct Revealed {
    /// The values of the secrets, by path.
    pub secrets: BTreeMap<String, Secret>,
    /// The files, by path.
    pub files: BTreeMap<&'static str, File>,
}

/// Values by key.
type Data = BTreeMap<String, Vec<u8>>;

/// A key of a Secret or ConfigMap that a field names.
struct Named<'a> {
    namespace: &'a str,
    path: &'a str,
    sort: Sort,
    key: &'a SecretKey,
}

/// Whether an object that exists at the vendor can do without what this field names: the vendor took it when the object was created.
pub fn is_spent<K: Kind>(path: &str) -> bool {
    row(K::FIELDS, path).is_some_and(|field| field.access == Access::CreateOnly)
}

/// Fingerprints and digests of what the spec names. Reads a Secret or ConfigMap only when its version is not known yet.
///
/// A create-only field of an object that `exists` already is left out when its source is gone: nobody needs it any more.
///
/// # Errors
/// A Secret, a ConfigMap or a key that is missing.
pub async fn look<K: Kind>(engine: &Engine, namespace: &str, spec: &K::Spec, exists: bool) -> Result<Printed, Stop> {
    let mut printed = Printed::default();
    let unless_spent = |path: &str, print: Result<String, Stop>| match print {
        Err(Stop::Waiting { .. }) if exists && is_spent::<K>(path) => Ok(None),
        print => print.map(Some),
    };
    for (path, key) in K::secrets(spec) {
        let named = Named { namespace, path: &path, sort: Sort::Secret, key };
        let print = named.print(engine, &engine.prints, |value| engine.key.fingerprint(value)).await;
        if let Some(print) = unless_spent(&path, print)? {
            printed.secrets.insert(path.into_owned(), print);
        }
    }
    for (path, file) in K::files(spec) {
        let digest = match file.key() {
            Some((sort, key)) => Named { namespace, path, sort, key }.print(engine, &engine.digests, digest_of).await,
            None => remote(path, file).map(|file| file.digest),
        };
        if let Some(digest) = unless_spent(path, digest)? {
            printed.files.insert(path, digest);
        }
    }
    Ok(printed)
}

/// The values of the secrets and files whose paths are `wanted`, read just now, for a call that sends them. What is in one Secret is read
/// together: a name and the password that was changed with it belong together.
///
/// # Errors
/// A Secret, a ConfigMap or a key that is missing, or a secret that is not text.
pub async fn reveal<K: Kind>(
    engine: &Engine,
    namespace: &str,
    spec: &K::Spec,
    wanted: impl Fn(&str) -> bool,
) -> Result<Revealed, Stop> {
    let (mut revealed, mut read) = (Revealed::default(), HashMap::new());
    for (path, key) in K::secrets(spec).into_iter().filter(|(path, _)| wanted(path)) {
        let named = Named { namespace, path: &path, sort: Sort::Secret, key };
        let value = String::from_utf8(named.value(engine, &mut read).await?).map_err(|_| named.not_text())?;
        revealed.secrets.insert(path.into_owned(), Secret::new(value));
    }
    for (path, file) in K::files(spec).into_iter().filter(|(path, _)| wanted(path)) {
        let file = match file.key() {
            Some((sort, key)) => File::of(Named { namespace, path, sort, key }.value(engine, &mut read).await?),
            None => remote(path, file)?,
        };
        revealed.files.insert(path, file);
    }
    Ok(revealed)
}

/// A file that is behind a URL.
///
/// # Errors
/// It is nowhere, which the schema does not let through.
pub fn remote(path: &str, file: &FileSource) -> Result<File, Stop> {
    file.remote().ok_or_else(|| Stop::Waiting {
        reason: Reason::Invalid,
        message: format!(
            "spec.{path}: the file has no source; name a configMapRef, a secretRef, or a url with its sha256"
        ),
    })
}

impl Named<'_> {
    /// What `take` makes of the value, remembered for as long as the version is the same.
    async fn print(&self, engine: &Engine, cache: &Prints, take: impl Fn(&[u8]) -> String) -> Result<String, Stop> {
        let target = Target::new(self.sort, self.namespace, &self.key.name);
        if let Some(version) = engine.references.version(&target)
            && let Some(print) = cache.get(&target, &version, &self.key.key)
        {
            return print.ok_or_else(|| self.missing_key());
        }
        let content = self.read(engine).await?;
        let values: BTreeMap<String, String> =
            content.data.iter().map(|(name, value)| (name.clone(), take(value))).collect();
        let print = values.get(&self.key.key).cloned();
        engine.references.learned(&target, &content.version);
        cache.set(target, content.version, values);
        print.ok_or_else(|| self.missing_key())
    }

    /// The value, from what was `read` already or is then.
    async fn value(&self, engine: &Engine, read: &mut HashMap<Target, Data>) -> Result<Vec<u8>, Stop> {
        let target = Target::new(self.sort, self.namespace, &self.key.name);
        let data = match read.entry(target) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(self.read(engine).await?.data),
        };
        data.get(&self.key.key).cloned().ok_or_else(|| self.missing_key())
    }

    async fn read(&self, engine: &Engine) -> Result<kubernetes::Content, Stop> {
        let content = match self.sort {
            Sort::ConfigMap => read_config_map(&engine.client, self.namespace, &self.key.name).await?,
            _ => read_secret(&engine.client, self.namespace, &self.key.name).await?,
        };
        content.ok_or_else(|| Stop::Waiting {
            reason: Reason::SecretMissing,
            message: format!("{} does not exist; create it with the key {}", self.place(), self.key.key),
        })
    }

    fn missing_key(&self) -> Stop {
        let message = format!("{} has no key {}; add it", self.place(), self.key.key);
        Stop::Waiting { reason: Reason::SecretKeyMissing, message }
    }

    fn not_text(&self) -> Stop {
        let Self { namespace, path, key, .. } = self;
        let message = format!(
            "spec.{path}: key {} of the Secret {namespace}/{} is not text; write UTF-8 there",
            key.key, key.name
        );
        Stop::Waiting { reason: Reason::SecretKeyMissing, message }
    }

    fn place(&self) -> String {
        let sort = if self.sort == Sort::ConfigMap { "ConfigMap" } else { "Secret" };
        format!("spec.{}: the {sort} {}/{}", self.path, self.namespace, self.key.name)
    }
}
