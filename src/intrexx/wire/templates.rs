//! Templates of portals, as the list of templates has them (contract 5).

use serde::Deserialize;

use super::portals::name_of_path;
use crate::base::value;

/// A template. Of its fields only a name or a path may be there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Row")]
pub struct Template {
    /// The name of its file or directory on the server, without `.zip`.
    pub name: String,
    /// What people call it.
    pub display_name: Option<String>,
    /// A sentence about it.
    pub description: Option<String>,
    /// Its directory on the server: what the creation of a portal wants.
    pub path: Option<String>,
    /// STANDARD for those that come with the product, OWN for others.
    pub template_type: Option<String>,
    /// The version of Intrexx that it is of.
    pub version: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default, deserialize_with = "value::optional_text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "value::optional_text")]
    display_name: Option<String>,
    #[serde(default, deserialize_with = "value::optional_text")]
    description: Option<String>,
    #[serde(default, deserialize_with = "value::optional_text")]
    path: Option<String>,
    #[serde(default, rename = "type", deserialize_with = "value::optional_text")]
    template_type: Option<String>,
    #[serde(default, deserialize_with = "value::optional_text")]
    version: Option<String>,
}

/// A row that does not say which template it is: a list with it is not whole.
#[derive(Debug, thiserror::Error)]
#[error("a template without a name and a path")]
struct Nameless;

impl TryFrom<Row> for Template {
    type Error = Nameless;

    fn try_from(row: Row) -> Result<Self, Nameless> {
        let name = row.name.as_deref().or_else(|| row.path.as_deref().and_then(name_of_path)).ok_or(Nameless)?;
        Ok(Self {
            name: name.strip_suffix(".zip").unwrap_or(name).to_owned(),
            display_name: row.display_name,
            description: row.description,
            path: row.path,
            template_type: row.template_type,
            version: row.version,
        })
    }
}

/// All templates of an installation, as the vendor listed them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Templates(pub Vec<Template>);

impl Templates {
    /// The template of this name.
    pub fn by_name(&self, name: &str) -> Option<&Template> {
        self.0.iter().find(|template| template.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(json: &str) -> Option<String> {
        serde_json::from_str::<Template>(json).ok().map(|template| template.name)
    }

    #[test]
    fn a_template_is_known_by_its_file_or_its_directory() {
        for row in [
            r#"{"name": "blank", "path": "/opt/elsewhere"}"#,
            r#"{"name": "blank.zip"}"#,
            r#"{"path": "/opt/intrexx/orgtempl/blank/", "name": null, "new": []}"#,
            r#"{"path": "C:\\intrexx\\orgtempl\\blank.zip"}"#,
        ] {
            assert_eq!(name(row).as_deref(), Some("blank"), "{row}");
        }
        assert_eq!(name(r#"{"display_name": "Blank"}"#), None);
    }
}
