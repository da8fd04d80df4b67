//! What keeps deletions and references within bounds: the guard of an AdminApi, the end of a namespace or of a kind, grants to other
//! namespaces, and references between managed objects.

mod deletions;
mod grants;
mod siblings;
mod sweep;
