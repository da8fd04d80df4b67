//! The vendor operations that clients know, as data.

/// One operation of a vendor's API, and what of ours calls it. The endpoint table of the documentation is made from these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// The name under which faults, logs and metrics speak of it.
    pub operation: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path, with what selects the operation when the path alone does not.
    pub path: &'static str,
    /// Whether it may change anything at the vendor, whatever its method.
    pub write: bool,
    /// The kind or command that calls it.
    pub driven_by: &'static str,
    /// Where the contract describes it.
    pub source: &'static str,
}
