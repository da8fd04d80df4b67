//! The one vocabulary: a reason is the same word in a condition, an Event, a log line and a metric label.

use std::fmt;

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// Why an object is as it is. Part of the API: people match on these words.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Reason {
            /// Every reason, for documentation and tests.
            pub const ALL: &'static [Reason] = &[$(Self::$name,)+];

            /// The word itself.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// What it means, for documentation.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_ascii(),)+
                }
            }
        }
    };
}

reasons! {
    /// The vendor matches the spec.
    Converged,
    /// The vendor matches the spec, except for a value that it only takes at creation and that changed since.
    CreateOnlyChanged,
    /// The vendor matches the spec, and yet all is not well there: the condition Ready says what.
    Unready,
    /// The external object was made.
    Created,
    /// An existing external object was taken over.
    Adopted,
    /// What the object asks for was done, once.
    Ran,
    /// The external object was changed to match the spec.
    Updated,
    /// The external object was switched off, as the deletion policy says.
    Disabled,
    /// The external object was deleted, as the deletion policy says.
    Deleted,
    /// The object was let go, and the external object left as it is.
    Orphaned,
    /// The object was let go, and another one that waited for the external object takes it over.
    HandedOver,
    /// The object differs from the spec at the vendor, and policy.drift says to keep it so.
    DriftReported,
    /// policy.management is Observe, and the external object differs from the spec.
    Observed,
    /// policy.management is Plan, and status.plan waits for its approval.
    AwaitingApproval,
    /// The approval does not fit the present plan.
    PlanStale,
    /// The vendor took a value and shows another one; it is not sent again before one of the two changes.
    NotKept,
    /// A field that the vendor cannot change differs from the spec.
    ImmutableDiffers,
    /// The id names an external object with another natural key than the spec's: it belongs to somebody else.
    IdentityDiffers,
    /// The object exists at the vendor already and was not made by this object.
    AlreadyExists,
    /// Another managed object is for the same external object and owns it; this one writes nothing.
    Conflict,
    /// The natural key belongs to an object that these credentials cannot see.
    KeyTaken,
    /// The external object is gone, and making it anew would not bring it back.
    ExternalObjectGone,
    /// The vendor does not show the external object just now; it may be late, so it is asked again before anything follows from that.
    AbsenceUnconfirmed,
    /// There is nothing to observe at the vendor.
    NotFound,
    /// A create or a run may or may not have happened, and the vendor offers no way to find out.
    CreateOutcomeUnknown,
    /// Something that is done once was begun, and is not finished yet; it goes on by itself.
    Underway,
    /// Something that is done once may or may not have been done, and the vendor offers no way to find out.
    DeedOutcomeUnknown,
    /// The AdminApi's credentials were being renewed, and its Secret does not have the new ones.
    RenewalUnfinished,
    /// The Secret of the AdminApi cannot be written, so its credentials are not renewed.
    SecretNotWritable,
    /// The object cannot be read at all.
    Malformed,
    /// The spec is at odds with itself or with what the vendor takes.
    Invalid,
    /// The annotation provost.dev/paused stops every vendor write.
    Paused,
    /// The AdminApi that the spec names does not exist.
    AdminApiMissing,
    /// The AdminApi that the spec names is for another vendor.
    AdminApiMismatch,
    /// The AdminApi is not connected; its own conditions say why.
    AdminApiNotReady,
    /// A Secret or ConfigMap that the spec names does not exist.
    SecretMissing,
    /// A Secret or ConfigMap lacks the key that the spec names.
    SecretKeyMissing,
    /// The Secret to write to exists and belongs to somebody else.
    SecretNotOurs,
    /// The vendor does not answer, or answers with an error of its own.
    Unavailable,
    /// The vendor asks for patience.
    Throttled,
    /// The vendor refuses the credentials, or they may not do this.
    Denied,
    /// The vendor understood the request and will not do it.
    Refused,
    /// This installation of the vendor does not offer what the spec asks for.
    Unsupported,
    /// The vendor's answer cannot be understood.
    AnswerNotUnderstood,
    /// The certificate of the vendor's server is not trusted.
    CertificateNotTrusted,
    /// At the address of the AdminApi is something else than the vendor's API.
    WrongAddress,
    /// Kubernetes did not take a write.
    KubernetesUnavailable,
    /// The deletion cannot go on.
    DeletionBlocked,
    /// The guard of the AdminApi let enough deletions go for now; it waits for a place, or for an acknowledgement.
    DeletionHeld,
    /// The annotation provost.dev/acknowledge-deletions cannot be read.
    AcknowledgementInvalid,
    /// There is no such AdminApi that this namespace may use.
    NotGranted,
    /// A managed object that the spec refers to does not exist.
    ReferenceMissing,
    /// A managed object that the spec refers to has no external object yet, or is being deleted.
    ReferenceNotReady,
    /// A managed object that the spec refers to is behind another AdminApi.
    ReferenceForbidden,
    /// The AdminApi answers and takes the credentials.
    Connected,
    /// The AdminApi's Secret is missing or lacks a key.
    CredentialsMissing,
    /// The AdminApi's credentials work, and are no secret: the vendor's documentation prints them.
    CredentialsPublic,
    /// The AdminApi's credentials are for another account than the one that the ids of its objects are from.
    RealmChanged,
    /// The AdminApi is still used by managed objects.
    InUse,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
