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

/// A row of a vendor's table.
pub const fn row(
    source: &'static str,
    write: bool,
    method: &'static str,
    path: &'static str,
    operation: &'static str,
    driven_by: &'static str,
) -> Endpoint {
    Endpoint { operation, method, path, write, driven_by, source }
}

/// A row of what is read with GET.
pub const fn get(
    source: &'static str,
    path: &'static str,
    operation: &'static str,
    driven_by: &'static str,
) -> Endpoint {
    row(source, false, "GET", path, operation, driven_by)
}

/// A row of what is written with POST.
pub const fn post(
    source: &'static str,
    path: &'static str,
    operation: &'static str,
    driven_by: &'static str,
) -> Endpoint {
    row(source, true, "POST", path, operation, driven_by)
}

/// A row of what is written with PUT.
pub const fn put(
    source: &'static str,
    path: &'static str,
    operation: &'static str,
    driven_by: &'static str,
) -> Endpoint {
    row(source, true, "PUT", path, operation, driven_by)
}

/// A row of what is written with PATCH.
pub const fn patch(
    source: &'static str,
    path: &'static str,
    operation: &'static str,
    driven_by: &'static str,
) -> Endpoint {
    row(source, true, "PATCH", path, operation, driven_by)
}

/// A row of what is written with DELETE.
pub const fn delete(
    source: &'static str,
    path: &'static str,
    operation: &'static str,
    driven_by: &'static str,
) -> Endpoint {
    row(source, true, "DELETE", path, operation, driven_by)
}
