//! The contract of a kind, and of a vendor: what they say, so that the engine can do the rest.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::NamespaceResourceScope;
use kube::core::object::{HasSpec, HasStatus};
use kube::{CustomResourceExt, Resource};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

pub use super::deed::{Deed, DeedAttempt};
use super::diff::Change;
pub use super::file::{Content, File, FileSource};
pub use super::listing::{Listed, Listing, Reference};
use super::metrics::{Gauge, GaugeSpec};
use super::policy::{Deletions, Policy};
use super::sibling::{Sibling, Siblings};
use super::state::{Field, State, Value};
use super::status::Status;
use crate::base::access::Access;
use crate::base::endpoint::Endpoint;
use crate::base::fault::{Class, Delivery, Fault};
use crate::base::secret::{FingerprintKey, Secret};

/// One vendor's admin API.
pub trait Vendor: Send + Sync + 'static {
    /// The vendor's name in prose, metrics and the docs, such as `MyIntranetApps`.
    const NAME: &'static str;
    /// The block of an AdminApi's spec that selects this vendor, such as `myIntranetApps`.
    const BLOCK: &'static str;
    /// The content of that block.
    type Settings: DeserializeOwned + JsonSchema + Send + Sync;
    /// The client: one per AdminApi, shared by all its objects.
    type Client: Clone + Send + Sync + 'static;

    /// Every endpoint of the vendor that is driven, and by what.
    fn endpoints() -> &'static [Endpoint];

    /// The Secrets that the block itself names, by their path below it, such as `license`. Their values are in [`Access::named`].
    fn secrets(_settings: &Self::Settings) -> Vec<(&'static str, &SecretKey)> {
        Vec::new()
    }

    /// Builds a client. Does no I/O.
    ///
    /// # Errors
    /// A setting or a credential that cannot work, named with the way out.
    fn connect(settings: &Self::Settings, access: Access) -> Result<Self::Client, Fault>;

    /// What tells the account that the credentials belong to from every other one of this vendor, such as its address and its key: the same
    /// for two AdminApis that mean one account. It may hold credentials; the engine keeps a keyed fingerprint of it, and nothing else.
    fn realm(client: &Self::Client) -> Secret;

    /// What a person should know about these credentials although they work, such as that the vendor's documentation prints them; one
    /// sentence, without them. Told once for each client.
    fn caution(_client: &Self::Client) -> Option<&'static str> {
        None
    }

    /// Proves with a read that the vendor answers and takes the credentials. Data read after `fresh_after` may serve.
    fn check(client: &Self::Client, fresh_after: Instant) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// How an object of a kind is told from others at the vendor, and so what a lost answer to a create means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// We choose a key that the vendor keeps unique: a repeated create is refused, never doubled.
    Chosen,
    /// The vendor assigns the id, but a list or search finds the object by its natural key.
    Listed,
    /// The vendor assigns the id, and there is no way to search.
    Blind,
    /// Nothing that stays: something is done once, and nobody can look for it afterwards. Objects make no claims on each other, and their
    /// deletion is no matter of the vendor's. After a lost answer [`Kind::create`] is called again, told so
    /// ([`Attempt::uncertain`]), and says whether it repeats the run or leaves it to a person ([`Progress::Unclear`]).
    Run,
}

/// What every spec of a managed kind has.
pub trait Managed {
    /// The AdminApi that the object lives behind.
    fn admin_api(&self) -> &AdminApiReference;
    /// The policy block.
    fn policy(&self) -> &Policy;
}

/// An AdminApi, of the same namespace or of one that grants it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdminApiReference {
    /// The name of an AdminApi.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Its namespace. Another one than this object's must grant it with the AdminApi's allowedNamespaces. Absent: this object's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub namespace: Option<String>,
}

/// One key of a Secret of the same namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretSource {
    /// The Secret and its key.
    pub secret_ref: SecretKey,
}

/// A Secret's name and a key in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretKey {
    /// The name of a Secret in this object's namespace.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The key in the Secret's data.
    #[schemars(length(min = 1))]
    pub key: String,
}

/// A Secret that we write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretTarget {
    /// The Secret to write to. It is created, and never taken from another owner.
    pub secret_ref: SecretName,
}

/// A Secret's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretName {
    /// The name of a Secret in this object's namespace.
    #[schemars(length(min = 1))]
    pub name: String,
}

/// A spec that cannot be carried out as it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("spec.{field}: {problem}; {way_out}")]
pub struct Invalid {
    /// The path below `spec`.
    pub field: String,
    /// What is wrong with the value.
    pub problem: String,
    /// What to do instead.
    pub way_out: String,
}

/// What to look for at the vendor.
pub struct Sought<'a, S, F> {
    /// The spec of the object.
    pub spec: &'a S,
    /// The id, once known.
    pub external_id: Option<&'a str>,
    /// What was known of the object when it was last seen.
    pub facts: Option<&'a F>,
    /// The data must have been read after this instant.
    pub fresh_after: Instant,
    /// Somebody waits for news of this one object: asking for it alone may be cheaper than asking for all.
    pub alone: bool,
    /// The object is being deleted: where the external object outlives what was made of it, that is what is looked for.
    pub disposing: bool,
    /// The ids of the managed objects that the spec refers to.
    pub siblings: &'a Siblings,
    /// The fingerprints of the spec's secrets, by path; empty for an object that is being deleted.
    pub prints: &'a BTreeMap<String, String>,
    /// The digests of the spec's files, by path; empty for an object that is being deleted.
    pub digests: &'a BTreeMap<&'static str, String>,
    /// The key of those fingerprints.
    pub key: &'a FingerprintKey,
}

impl<S, F> Sought<'_, S, F> {
    /// The fingerprint of a secret that the vendor shows, to be compared with what is wanted:
    /// `state.insert_secret("mobile.apiKey", sought.seal(key))`.
    pub fn seal(&self, value: &str) -> String {
        self.key.fingerprint(value.as_bytes())
    }

    /// The vendor's words about the object, with the spec's secrets blotted out; they are known by their fingerprints alone. None while the
    /// object is being deleted, when not even those are.
    pub fn scrub(&self, text: &str) -> Option<String> {
        let prints: Vec<&str> = self.prints.values().map(String::as_str).collect();
        (!prints.is_empty()).then(|| self.key.scrub(text, &prints))
    }
}

/// Whether an external object exists. Only a positive `Absent` may lead to a create or to letting go.
#[derive(Debug, Clone, PartialEq)]
pub enum Found<T> {
    /// It exists, and this is what was seen.
    Present(T),
    /// It exists, and nothing of it can be read or changed just now, for the reason that [`Seen::unready`] gives: it is still being made, say.
    /// Only what its key tells is in the state. It is not compared, and not taken over from anybody, before it can be read.
    Unreadable(T),
    /// The vendor said, completely and just now, that it does not exist.
    Absent,
    /// Nobody can tell, for this reason.
    Unknown(String),
}

/// An external object as it was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen<F> {
    /// The vendor's id.
    pub external_id: String,
    /// The fields that could be read.
    pub state: State,
    /// The kind's part of the status.
    pub facts: F,
    /// The kind's own conditions.
    pub conditions: Vec<Aspect>,
    /// The kind's own metrics.
    pub gauges: Vec<Gauge>,
    /// It matches the spec, and is not well all the same.
    pub unready: Option<Unready>,
    /// The object itself was seen, but something about it that only the status needs could not be read. Facts and conditions are then as
    /// they were.
    pub incomplete: Option<Fault>,
    /// What taking it over would write over or remove, as a part of a sentence after "which would". Told when it may not be taken over. Of an
    /// object that is ours already: what of it is somebody else's still, and would be written over by an update; that waits for
    /// policy.adoption.
    pub at_stake: Option<String>,
}

impl<F> Seen<F> {
    /// One about which there is nothing else to say.
    pub fn new(external_id: impl Into<String>, state: State, facts: F) -> Self {
        Self {
            external_id: external_id.into(),
            state,
            facts,
            conditions: Vec::new(),
            gauges: Vec::new(),
            unready: None,
            incomplete: None,
            at_stake: None,
        }
    }
}

/// One condition that only the kind can judge, such as `ConnectionsHealthy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aspect {
    /// The condition's type.
    pub condition: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// The reason: a word of the kind's own list.
    pub reason: &'static str,
    /// One sentence for people.
    pub message: String,
}

/// Why an external object that matches its spec is not ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unready {
    /// The reason of the condition Ready: a word of [`Kind::REASONS`].
    pub reason: &'static str,
    /// One sentence for people, with the way out where there is one.
    pub message: String,
    /// It is likely to pass by itself, and is looked at again soon. Otherwise it stays until somebody does something.
    pub passing: bool,
}

/// What to send to the vendor.
pub struct Wanted<'a, S> {
    /// The spec of the object.
    pub spec: &'a S,
    /// The fields to change (empty in a create, which sends everything but [`Kind::LATER`] and the deeds).
    pub changes: &'a [Change],
    /// The secret values by path: all of them in a create, and in an update those of the groups that changed (but for what the vendor cannot
    /// change) and those that are no field.
    pub secrets: &'a BTreeMap<String, Secret>,
    /// The files by path: all of them in a create, and in an update those that changed.
    pub files: &'a BTreeMap<&'static str, File>,
    /// The ids of the managed objects that the spec refers to.
    pub siblings: &'a Siblings,
}

impl<S> Wanted<'_, S> {
    /// Whether the field is among the changes.
    pub fn changes(&self, path: &str) -> bool {
        self.changes.iter().any(|change| change.path == path)
    }
}

/// How far a create got before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// What the last step that is done returned; none when no step is.
    pub recorded: Option<&'a str>,
    /// The step after it may have been carried out: a call was lost, or a process ended. Whoever cannot repeat that step without harm looks
    /// first whether it is done.
    pub uncertain: bool,
}

/// What one call of a create brought about.
#[derive(Debug)]
pub enum Progress<F> {
    /// The object exists.
    Done(Created<F>),
    /// A step is done and is recorded before the next one: the words to hand to the next call, any text without secrets. They stand in an
    /// annotation, so they are to be short.
    Step(String),
    /// The step is uncertain, must not be repeated if it is done, and the vendor does not tell. What a person has to look for, as a part of
    /// a sentence. Nothing more is done before somebody says how it is.
    Unclear(String),
}

/// A new external object.
#[derive(Debug)]
pub struct Created<F> {
    /// The vendor's id.
    pub external_id: String,
    /// What only the answer to the create tells, to be carried along.
    pub facts: F,
}

/// A managed kind: what it is, how to find it, what to call, and nothing else.
///
/// # Guarantees the engine gives
/// - no two passes for one object at the same time;
/// - `create` only after a positive [`Found::Absent`], and only after the create was announced in Kubernetes;
/// - a step of a create is never called again once its answer came, whatever stops in between; when an answer is lost, or may have been,
///   the next call says so ([`Attempt::uncertain`]). The object is looked for first: a create whose last step was done is not called again;
/// - of two objects for one external object, only one is ever acted for;
/// - a deed ([`Kind::ONCE`]) is marked in Kubernetes before it is begun. Once its answer came it is never performed again for the same value;
///   when an answer is lost, or may have been, the next call says so ([`DeedAttempt::uncertain`]), and a [`Kind::find`] that shows the wanted
///   value settles it;
/// - new credentials that a deed brings ([`Deed::Renewed`]) are written, whatever happens, as long as the process lives;
/// - `update` only with changes of one group; `disable` and `delete` only when the object's policy asks for it.
///
/// # What an implementation must uphold
/// - `find` only reads; it answers `Absent` only from a whole and positive answer, and gives up with a [`Fault`] otherwise;
/// - `update`, `disable` and `delete` may be repeated without harm;
/// - own writes are visible to the next `find`, even when that is served from a shared copy.
pub trait Kind: Sized + Send + Sync + 'static {
    /// The vendor it lives at.
    type Vendor: Vendor;
    /// Its spec.
    type Spec: Managed + Clone + Debug + Send + Sync;
    /// Its own part of the status, flattened into it.
    type Facts: Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned + JsonSchema + Send + Sync;
    /// The custom resource.
    type Object: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + CustomResourceExt
        + HasSpec<Spec = Self::Spec>
        + HasStatus<Status = Status<Self::Facts>>
        + Clone
        + Debug
        + Serialize
        + DeserializeOwned
        + Send
        + Sync;

    /// How it is told from others.
    const IDENTITY: Identity;
    /// Whether an external object that is gone is made anew: true where nothing is lost with it, as with a job. A run that
    /// [`Kind::find`] does not find under its id is then run again. Otherwise the object is held
    /// as [`ExternalObjectGone`](super::reason::Reason::ExternalObjectGone).
    const RECREATE: bool = false;
    /// For [`Identity::Listed`]: how long the vendor's list may lag behind a create. An absence is believed when it was seen twice, this far
    /// apart, wherever believing it too early would make a second object or lose one. No shorter than the vendor may go on with a create
    /// whose caller is gone.
    const LAG: Duration = Duration::from_secs(30);
    /// What people are told to write where a message asks them for the external id.
    const ID_FORM: &'static str = "its id";
    /// Whether its objects are deleted in Kubernetes by themselves some day, as [`Kind::expiry`] says.
    const EXPIRES: bool = false;
    /// What people have to know of an external object that its object let go of, as a part of a sentence: that the vendor cannot delete it,
    /// for instance. It is told then.
    const LEFT: Option<&'static str> = None;
    /// What may happen on deletion, the default first. For [`Identity::Run`] that is `Orphan` alone.
    const DELETIONS: Deletions;
    /// Its fields.
    const FIELDS: &'static [Field];
    /// Groups of fields that a create does not carry: they are brought about by [`Kind::update`], once the object exists.
    const LATER: &'static [&'static str] = &[];
    /// Groups of fields whose change is a deed, which must not be repeated blindly: instead of [`Kind::update`], [`Kind::perform`] brings it
    /// about. No create carries them.
    const ONCE: &'static [&'static str] = &[];
    /// The same, for deeds that renew the AdminApi's own credentials.
    const RENEWS: &'static [&'static str] = &[];
    /// The keys of the AdminApi's Secret that such a deed replaces; none stands for all of them. Another value of one of these, and of no other
    /// key, shows that the credentials were renewed.
    const RENEWED_KEYS: &'static [&'static str] = &[];
    /// What a person does when the answer to such a deed is lost and the vendor does not take the old credentials any more, as the beginning
    /// of a sentence: `take the new token from My Account`.
    const RENEWAL_LOST: &'static str = "get the new credentials from the vendor";
    /// Why nobody can list what there is of it at the vendor, as the end of a sentence after "because"; none for who has [`Kind::list`].
    const UNLISTED: Option<&'static str> = Some("the vendor has no list of them");
    /// Its own metrics.
    const GAUGES: &'static [GaugeSpec] = &[];
    /// The reasons of its own conditions and of [`Unready`], each with its meaning.
    const REASONS: &'static [(&'static str, &'static str)] = &[];

    /// The natural key as people would say it, such as `subdomain generalco`; equal for two objects that mean the same external object.
    fn natural_key(spec: &Self::Spec) -> String;

    /// The Secrets that the spec names, by path. A path with a row in [`Kind::FIELDS`] is a field, which is compared by fingerprint. One
    /// without is watched and read, and what it means is for [`Kind::find`] to say, which has its fingerprint ([`Sought::prints`]).
    fn secrets(_spec: &Self::Spec) -> Vec<(Cow<'static, str>, &SecretKey)> {
        Vec::new()
    }

    /// The files that the spec names, by path, each with a row in [`Kind::FIELDS`]. The wanted value of such a field is the file's digest,
    /// `sha256:` and hex digits, which is shown to whoever may see the object.
    fn files(_spec: &Self::Spec) -> Vec<(&'static str, &FileSource)> {
        Vec::new()
    }

    /// The Secret to publish connection details in, if any.
    fn target(_spec: &Self::Spec) -> Option<&SecretTarget> {
        None
    }

    /// What to publish there. `None` while something is still unknown.
    fn publish(_external_id: &str, _facts: &Self::Facts) -> Option<BTreeMap<&'static str, String>> {
        None
    }

    /// For a kind that [`Kind::EXPIRES`]: when the Kubernetes object is to be deleted; none while it is not finished, or stays.
    fn expiry(_spec: &Self::Spec, _facts: &Self::Facts) -> Option<Timestamp> {
        None
    }

    /// The managed objects of the same namespace that the spec refers to. An object waits until each of them has its id; none is needed to
    /// delete, so what [`Kind::find`], [`Kind::disable`] and [`Kind::delete`] need of them then must be in the object's own external id.
    fn siblings(_spec: &Self::Spec) -> Vec<Sibling> {
        Vec::new()
    }

    /// What of its account only one may write to at a time, such as the portal that the object lives in: two objects for which this is equal
    /// are never created, changed, switched off or deleted at the same time, also when their kinds differ. It stays the same over an object's
    /// life. None: the vendor gets on with any number of writers.
    fn writer(_external_id: Option<&str>, _spec: &Self::Spec, _siblings: &Siblings) -> Option<String> {
        None
    }

    /// Spec → checked and normalised state; secret fields and files are added by the engine. Pure.
    ///
    /// # Errors
    /// A spec that the schema lets through and the vendor would not.
    fn desired(spec: &Self::Spec, siblings: &Siblings) -> Result<State, Invalid>;

    /// The fields of the natural key alone: enough to delete an object whose spec is at odds with itself by now. Pure. None where
    /// [`Kind::desired`] never fails, or where the key itself may be what is wrong.
    fn key(_spec: &Self::Spec, _siblings: &Siblings) -> Option<State> {
        None
    }

    /// What undoes a field that the spec has no value for any more, and that was `remembered` as last sent: as long as there is such a value,
    /// it is wanted, shown in plans and sent. Of what was sent and is undone (None), nothing is remembered. Pure. None, if not said
    /// otherwise: what the spec leaves out is not managed.
    ///
    /// A set of which nothing can be read is so an open map: `permissions.CONTACT_VIEW`, once sent as `"Granted"`, is wanted as `"Revoked"`
    /// when the spec drops it.
    fn withdrawn(_path: &str, _remembered: &str) -> Option<Value> {
        None
    }

    /// What was sent for the object, by the facts and as it would be remembered: what a failed or interrupted update had done already is nowhere
    /// else. Of this, [`Kind::withdrawn`] is asked as well. Pure.
    fn noted(_facts: &Self::Facts) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// The lag that counts for this client's vendor: [`Kind::LAG`], unless its settings say otherwise.
    fn lag(_client: &<Self::Vendor as Vendor>::Client) -> Duration {
        Self::LAG
    }

    /// Looks for the external object. Reads only.
    fn find(
        client: &<Self::Vendor as Vendor>::Client,
        sought: &Sought<'_, Self::Spec, Self::Facts>,
    ) -> impl Future<Output = Result<Found<Seen<Self::Facts>>, Fault>> + Send;

    /// Everything of this kind that the vendor has, each with the spec that would keep it as it is. Reads only; called only where
    /// [`Kind::UNLISTED`] is none. What `find` then shows of each equals that spec. Data read after `fresh_after` may serve.
    fn list(
        _client: &<Self::Vendor as Vendor>::Client,
        _fresh_after: Instant,
    ) -> impl Future<Output = Result<Listing, Fault>> + Send {
        async {
            let why = Self::UNLISTED.unwrap_or_default();
            Err(Fault::new(Class::Unsupported, "list", why).with_delivery(Delivery::NotSent))
        }
    }

    /// Takes one step of a create. Until the last one is done, [`Kind::find`] does not show the object, or what the remaining steps do is
    /// a matter of [`Kind::update`].
    fn create(
        client: &<Self::Vendor as Vendor>::Client,
        wanted: &Wanted<'_, Self::Spec>,
        attempt: Attempt<'_>,
    ) -> impl Future<Output = Result<Progress<Self::Facts>, Fault>> + Send;

    /// Writes the changes of one group. `facts` are those last seen: what only the answers tell, such as the id of a new row, is put in
    /// there, and is known to the next [`Kind::find`] ([`Sought::facts`]), also when the call as a whole fails.
    fn update(
        client: &<Self::Vendor as Vendor>::Client,
        external_id: &str,
        wanted: &Wanted<'_, Self::Spec>,
        facts: &mut Self::Facts,
    ) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Makes one call of a deed: brings about the changes of one group of [`Kind::ONCE`] or [`Kind::RENEWS`], or a step of that. `facts` are as
    /// in [`Kind::update`]. Must be said by kinds that have such groups.
    fn perform(
        _client: &<Self::Vendor as Vendor>::Client,
        _external_id: &str,
        _wanted: &Wanted<'_, Self::Spec>,
        _facts: &mut Self::Facts,
        _attempt: DeedAttempt<'_>,
    ) -> impl Future<Output = Result<Deed, Fault>> + Send {
        async {
            Err(Fault::new(Class::Refused, "perform", "this kind does nothing once").with_delivery(Delivery::NotSent))
        }
    }

    /// Switches the object off. Called only for kinds that allow `Disable`, which must say how. `facts` are those last known.
    fn disable(
        _client: &<Self::Vendor as Vendor>::Client,
        _external_id: &str,
        _spec: &Self::Spec,
        _facts: &Self::Facts,
    ) -> impl Future<Output = Result<(), Fault>> + Send {
        async { Err(Fault::new(Class::Refused, "disable", "this kind cannot be switched off")) }
    }

    /// Switches an object on again that [`Kind::disable`] had switched off when an earlier object was deleted. May be repeated.
    fn enable(
        _client: &<Self::Vendor as Vendor>::Client,
        _external_id: &str,
        _spec: &Self::Spec,
    ) -> impl Future<Output = Result<(), Fault>> + Send {
        async { Ok(()) }
    }

    /// Deletes the object. Called only for kinds that allow `Delete`, which must say how. `facts` are those last known.
    fn delete(
        _client: &<Self::Vendor as Vendor>::Client,
        _external_id: &str,
        _spec: &Self::Spec,
        _facts: &Self::Facts,
    ) -> impl Future<Output = Result<(), Fault>> + Send {
        async { Err(Fault::new(Class::Refused, "delete", "this kind cannot be deleted")) }
    }
}
