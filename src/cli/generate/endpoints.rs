//! The page of the endpoints: what of the vendors' APIs is driven, and by what.

use std::fmt::Write;

use super::HEAD;
use crate::engine::registry::Tables;

pub(super) fn page(tables: &Tables) -> Result<String, std::fmt::Error> {
    let mut text = format!(
        "# Endpoints\n\n<!-- {HEAD} -->\n\nEvery operation of the vendors' APIs that Provost calls, and what calls it.\n"
    );
    for vendor in tables.vendors {
        writeln!(
            text,
            "\n## {}\n\n| method | path | operation | | driven by | contract |\n| --- | --- | --- | --- | --- | --- |",
            vendor.name
        )?;
        for endpoint in (vendor.endpoints)() {
            let access = if endpoint.write { "write" } else { "read" };
            let (method, path, operation) = (endpoint.method, endpoint.path, endpoint.operation);
            writeln!(
                text,
                "| {method} | `{path}` | {operation} | {access} | {} | {} |",
                endpoint.driven_by, endpoint.source
            )?;
        }
    }
    Ok(text)
}
