//! Contacts and their logins, as the pages beside the Administrative API show them (contract 2.9).

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value as Json};

use crate::base::value;
use crate::crm2::login::Login;

/// The purpose of the e-mail address that a contact is written to.
pub const PRIMARY: &str = "PRIMARY";

/// A contact.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Json")]
pub struct Contact {
    /// The id: `contactId` here, `_id` elsewhere (trap 10).
    pub id: String,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// The company.
    pub company_name: Option<String>,
    /// Addresses, in the vendor's order.
    pub emails: Vec<Email>,
    /// What else somebody keeps of it, by names of their own.
    pub attributes: Map<String, Json>,
}

/// One e-mail address of a contact.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Email {
    /// The address.
    #[serde(deserialize_with = "value::text")]
    pub email: String,
    /// PRIMARY, OTHER, or another word of the vendor's.
    #[serde(default, deserialize_with = "value::optional_text")]
    pub purpose: Option<String>,
}

/// A row of the list of contacts that have logins.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Json")]
pub struct ContactRow {
    /// The contact's id.
    pub id: String,
    /// Its addresses.
    pub emails: Vec<Email>,
    /// Differs when anything in the row does, known or not.
    pub digest: u64,
}

/// Something that says it is a contact, and not which one: a list with it is not whole.
#[derive(Debug, thiserror::Error)]
#[error("a contact without an id, or of another shape")]
pub struct Nameless;

#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "contactId", default, deserialize_with = "value::optional_text")]
    contact_id: Option<String>,
    #[serde(rename = "_id", default, deserialize_with = "value::optional_text")]
    row_id: Option<String>,
    #[serde(rename = "firstName", default, deserialize_with = "value::optional_text")]
    first_name: Option<String>,
    #[serde(rename = "lastName", default, deserialize_with = "value::optional_text")]
    last_name: Option<String>,
    #[serde(rename = "companyName", default, deserialize_with = "value::optional_text")]
    company_name: Option<String>,
    #[serde(default, deserialize_with = "null_is_none")]
    emails: Vec<Email>,
    #[serde(default, deserialize_with = "null_is_none")]
    attributes: Map<String, Json>,
}

impl Fields {
    /// Those of a contact, which may be wrapped once more (trap 11).
    fn of(json: &Json) -> Result<Self, Nameless> {
        let inner = json.get("contact").filter(|inner| inner.is_object()).unwrap_or(json);
        Self::deserialize(inner).map_err(|_| Nameless)
    }

    fn id(&self) -> Result<String, Nameless> {
        self.contact_id.clone().or_else(|| self.row_id.clone()).ok_or(Nameless)
    }
}

impl TryFrom<Json> for Contact {
    type Error = Nameless;

    fn try_from(json: Json) -> Result<Self, Nameless> {
        let fields = Fields::of(&json)?;
        Ok(Self {
            id: fields.id()?,
            first_name: fields.first_name,
            last_name: fields.last_name,
            company_name: fields.company_name,
            emails: fields.emails,
            attributes: fields.attributes,
        })
    }
}

impl TryFrom<Json> for ContactRow {
    type Error = Nameless;

    fn try_from(json: Json) -> Result<Self, Nameless> {
        let fields = Fields::of(&json)?;
        // Kept as a number: nobody knows what else a row holds, and it may be a secret (contract 2.9).
        let mut digest = DefaultHasher::new();
        json.to_string().hash(&mut digest);
        Ok(Self { id: fields.id()?, emails: fields.emails, digest: digest.finish() })
    }
}

/// A login, as the list of one contact's has it; all else in it is passed over, since it may be a token.
impl<'de> Deserialize<'de> for Login {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Row {
            #[serde(deserialize_with = "value::text")]
            user_id: String,
            #[serde(deserialize_with = "value::text")]
            user_id_type: String,
        }
        let row = Row::deserialize(from)?;
        Ok(Self::new(row.user_id_type, row.user_id))
    }
}

/// A user to be made together with a contact (2.3).
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Who may log in.
    pub login: Login,
    /// What is known of the contact.
    pub contact: ContactFields,
}

/// What a contact is set to; what is absent is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactFields {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// The company.
    pub company_name: Option<String>,
    /// The address that the contact is written to.
    pub email_address: Option<String>,
}

impl ContactFields {
    /// The names, by the vendor's words.
    pub fn names(&self) -> [(&'static str, Option<&str>); 3] {
        [
            ("firstName", self.first_name.as_deref()),
            ("lastName", self.last_name.as_deref()),
            ("companyName", self.company_name.as_deref()),
        ]
    }
}

impl Contact {
    /// The address that the contact is written to.
    pub fn primary(&self) -> Option<&str> {
        self.emails.get(self.primary_at()?).map(|email| email.email.as_str())
    }

    fn primary_at(&self) -> Option<usize> {
        let is_primary =
            |email: &Email| email.purpose.as_deref().is_some_and(|word| word.eq_ignore_ascii_case(PRIMARY));
        self.emails.iter().position(is_primary).or_else(|| (!self.emails.is_empty()).then_some(0))
    }

    /// Whether it has this address, for whatever purpose.
    pub fn has(&self, address: &str) -> bool {
        has(&self.emails, address)
    }

    /// Whether it has all that these fields say, and has a name only where they do.
    pub fn is_like(&self, fields: &ContactFields) -> bool {
        let names = [&self.first_name, &self.last_name, &self.company_name];
        let alike = fields.names().iter().zip(names).all(|((_, wanted), have)| *wanted == have.as_deref());
        alike && fields.email_address.as_deref().is_none_or(|address| self.has(address))
    }

    /// What has to be sent so that this contact has these fields and keeps all the rest: an update takes away the attributes that it does
    /// not name, and the addresses when it names any (2.9). None when an attribute is not of a form that can be sent.
    pub fn update(&self, change: &ContactFields) -> Option<Vec<(String, String)>> {
        let mut sent = Vec::new();
        let names = [&self.first_name, &self.last_name, &self.company_name];
        for ((name, wanted), have) in change.names().into_iter().zip(names) {
            sent.extend(wanted.or(have.as_deref()).map(|value| (name.to_owned(), value.to_owned())));
        }
        for (key, value) in &self.attributes {
            sent.push((format!("attribute_{key}"), text_of(value)?));
        }
        if let Some(address) = &change.email_address {
            let emails = self.addressed_to(address);
            sent.push(("emailsNumber".to_owned(), emails.len().to_string()));
            for (at, Email { email, purpose }) in emails.into_iter().enumerate() {
                sent.push((format!("email{at}"), email));
                sent.extend(purpose.map(|purpose| (format!("emailPurpose{at}"), purpose)));
            }
        }
        Some(sent)
    }

    /// The addresses, with this one for that which the contact is written to.
    fn addressed_to(&self, address: &str) -> Vec<Email> {
        let replaced = self.primary_at();
        let others = self.emails.iter().enumerate().filter(|(at, _)| Some(*at) != replaced).map(|(_, email)| email);
        let others = others.filter(|email| !has(std::slice::from_ref(*email), address)).cloned();
        let purpose = replaced.map_or_else(|| Some(PRIMARY.to_owned()), |at| self.emails[at].purpose.clone());
        std::iter::once(Email { email: address.to_owned(), purpose }).chain(others).collect()
    }
}

fn has(emails: &[Email], address: &str) -> bool {
    emails.iter().any(|email| folded(&email.email) == folded(address))
}

/// An address, as it is compared (trap 13).
pub fn folded(address: &str) -> String {
    address.trim().to_lowercase()
}

fn text_of(value: &Json) -> Option<String> {
    match value {
        Json::Null => Some(String::new()),
        Json::String(text) => Some(text.clone()),
        Json::Bool(_) | Json::Number(_) => Some(value.to_string()),
        Json::Array(_) | Json::Object(_) => None,
    }
}

fn null_is_none<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn contact() -> Contact {
        serde_json::from_value(json!({
            "contactId": "5166b967e4b0f6e6cd09e653", "firstName": "Grace", "lastName": "Hopper", "clientDomain": "acme.example",
            "emails": [{"email": "grace@home.example", "purpose": "OTHER"}, {"email": "grace@acme.example", "purpose": "PRIMARY"}],
            "attributes": {"badge": "7", "size": 9}, "unheardOf": {"x": []}
        }))
        .unwrap()
    }

    fn sent(contact: &Contact, change: &ContactFields) -> Vec<String> {
        contact.update(change).unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    /// Traps 10 and 11: the id under either name, and the contact wrapped or not.
    #[test]
    fn a_contact_is_read_from_every_shape() {
        let wrapped: Contact =
            serde_json::from_value(json!({"contact": {"_id": 7, "emails": null, "attributes": null}})).unwrap();
        assert_eq!((wrapped.id.as_str(), wrapped.emails.len(), wrapped.primary()), ("7", 0, None));
        assert_eq!(
            (contact().id.as_str(), contact().primary()),
            ("5166b967e4b0f6e6cd09e653", Some("grace@acme.example"))
        );
        let row: ContactRow =
            serde_json::from_value(json!({"_id": "a", "emails": [{"email": "A+b@x.example"}]})).unwrap();
        assert_eq!(folded(&row.emails[0].email), folded(" a+B@x.example"));
        for odd in [json!({"firstName": "Grace"}), json!({"_id": "a", "emails": {"email": "x"}}), json!([]), json!("a")]
        {
            assert!(serde_json::from_value::<Contact>(odd.clone()).is_err(), "{odd}");
            assert!(serde_json::from_value::<ContactRow>(odd.clone()).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_row_is_another_one_when_anything_in_it_is() {
        let digest = |row: Json| serde_json::from_value::<ContactRow>(row).unwrap().digest;
        assert_eq!(
            digest(json!({"_id": "a", "fullName": "G", "x": 1})),
            digest(json!({"x": 1, "fullName": "G", "_id": "a"}))
        );
        assert_ne!(
            digest(json!({"_id": "a", "fullName": "G", "x": 1})),
            digest(json!({"_id": "a", "fullName": "G", "x": 2}))
        );
    }

    /// Contract 2.9: attributes are replaced as a whole, so all of them go along; addresses only when one is named, so none does.
    #[test]
    fn an_update_keeps_what_it_does_not_change() {
        let names = ContactFields { last_name: Some("Murray".to_owned()), ..ContactFields::default() };
        assert_eq!(
            sent(&contact(), &names),
            ["firstName=Grace", "lastName=Murray", "attribute_badge=7", "attribute_size=9"]
        );
        let address =
            ContactFields { email_address: Some("grace@navy.example".to_owned()), ..ContactFields::default() };
        assert_eq!(
            sent(&contact(), &address)[4..],
            [
                "emailsNumber=2",
                "email0=grace@navy.example",
                "emailPurpose0=PRIMARY",
                "email1=grace@home.example",
                "emailPurpose1=OTHER"
            ]
        );
        let other = ContactFields { email_address: Some("Grace@home.example".to_owned()), ..ContactFields::default() };
        assert_eq!(
            sent(&contact(), &other)[4..],
            ["emailsNumber=1", "email0=Grace@home.example", "emailPurpose0=PRIMARY"]
        );
        let bare = Contact { emails: Vec::new(), attributes: Map::new(), ..contact() };
        assert_eq!(sent(&bare, &other)[2..], ["emailsNumber=1", "email0=Grace@home.example", "emailPurpose0=PRIMARY"]);
    }

    #[test]
    fn an_attribute_that_cannot_be_sent_back_is_not_lost() {
        let attributes = json!({"tree": {"a": 1}}).as_object().unwrap().clone();
        assert_eq!(Contact { attributes, ..contact() }.update(&ContactFields::default()), None);
    }
}
