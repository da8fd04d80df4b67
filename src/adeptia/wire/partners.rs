//! Partners, which the vendor calls companies; the values of their parameters, and what they may use (contract 2.10–2.19).
//!
//! No answer about a partner is documented, so nothing that is read here demands a field beside the id.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::id::{Id, NumberRef, TextRef, as_text};
use crate::base::value;

/// The status code of an active partner.
pub const ACTIVE: u32 = 200;

/// A partner as it is shown, with whatever fields it comes.
///
/// Not `Debug`: the value of a parameter may be a password.
#[derive(Clone, Deserialize)]
pub struct Company {
    /// The id.
    pub id: Id,
    #[serde(flatten)]
    fields: Map<String, Json>,
}

/// Fields of a partner to send.
///
/// Not `Debug`: the value of a parameter may be a password.
#[derive(Clone, Default, Serialize)]
#[serde(transparent)]
pub struct CompanyFields(Map<String, Json>);

/// The value of one parameter as it is shown.
#[derive(Clone, Deserialize)]
struct ShownParameter {
    id: Id,
    #[serde(rename = "paramId")]
    parameter: NamedBy,
    #[serde(default)]
    value: Json,
}

/// Something that is named by its id, with or without an object around that.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum NamedBy {
    Stub(TextRef),
    Bare(Id),
}

impl NamedBy {
    fn id(self) -> Id {
        match self {
            Self::Stub(stub) => stub.id,
            Self::Bare(id) => id,
        }
    }
}

/// A value row of a partner: where the value of one parameter is, and the value where it is shown.
#[derive(Clone)]
pub struct Row {
    /// The id of the row; blank when it is not told.
    pub id: Id,
    /// The value; none when it is hidden.
    pub value: Option<String>,
}

/// The value of one parameter to send.
#[derive(Clone, Serialize)]
pub struct SentParameter {
    /// The id of the value row: a text, because `-0` is one and no number (contract, trap 13).
    #[serde(serialize_with = "as_text")]
    pub id: Id,
    /// The parameter.
    #[serde(rename = "paramId")]
    pub parameter: TextRef,
    /// The value.
    pub value: String,
}

impl Company {
    /// The text there; blank when it is null, none when it is not shown.
    pub fn text(&self, key: &str) -> Option<String> {
        match self.fields.get(key)? {
            Json::Null => Some(String::new()),
            shown => value::text(shown).ok(),
        }
    }

    /// The flag there, in whatever type it comes.
    pub fn flag(&self, key: &str) -> Option<bool> {
        value::optional_flag(self.fields.get(key)?).ok()?
    }

    /// The name.
    pub fn name(&self) -> Option<String> {
        self.text("name")
    }

    /// Whether it is active.
    pub fn active(&self) -> Option<bool> {
        let status = self.text("status").filter(|status| !status.is_empty())?;
        Some(status.parse() == Ok(ACTIVE))
    }

    /// Whether it manages itself.
    pub fn external(&self) -> Option<bool> {
        self.flag("enableSelfOnboard")
    }

    /// The ids of its networks.
    pub fn networks(&self) -> Option<BTreeSet<String>> {
        let networks = Vec::<NamedBy>::deserialize(self.fields.get("partnerNetworks")?).ok()?;
        Some(networks.into_iter().map(|network| network.id().to_string()).collect())
    }

    /// Its value rows by parameter, where they are shown with their ids: all there are. None when no list of them is shown.
    pub fn rows(&self) -> Option<BTreeMap<String, Row>> {
        let shown = Vec::<ShownParameter>::deserialize(self.fields.get(PARAMETERS)?).ok()?;
        let row = |ShownParameter { id, parameter, value }| {
            // A negative one is what was sent for a new row, and names none.
            let id = if id.as_str().starts_with('-') { Id::new("") } else { id };
            let value = value::text(&value).ok().filter(|value| !is_mask(value));
            (parameter.id().to_string(), Row { id, value })
        };
        Some(shown.into_iter().map(row).collect())
    }

    /// A partner with this id that shows what was sent.
    pub fn sent(id: Id, sent: &CompanyFields) -> Self {
        let mut company = Self { id, fields: Map::new() };
        company.apply(sent);
        company
    }

    /// The same, with what another look shows in the place of what this one does.
    #[must_use]
    pub fn overlaid(mut self, other: &Self) -> Self {
        self.fields.extend(other.fields.clone());
        self
    }

    /// Shows what was sent.
    pub fn apply(&mut self, sent: &CompanyFields) {
        self.fields.extend(sent.0.iter().map(|(key, value)| (key.clone(), value.clone())));
        if sent.0.contains_key(PARAMETERS) {
            // The vendor alone knows the rows now.
            self.fields.remove(PARAMETERS);
        }
    }
}

const PARAMETERS: &str = "partnerParameter";

/// Whether a value says only that it is hidden. An empty one may be hidden as well.
fn is_mask(value: &str) -> bool {
    value.chars().all(|letter| matches!(letter, '*' | '•'))
}

impl CompanyFields {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// These and one more.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Json>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    /// These and the networks, which are written as numbers.
    #[must_use]
    pub fn with_networks<'a>(self, ids: impl IntoIterator<Item = &'a str>) -> Self {
        let networks: Vec<NumberRef> = ids.into_iter().map(|id| NumberRef { id: Id::new(id) }).collect();
        // Ids always have a JSON form.
        self.with("partnerNetworks", serde_json::to_value(networks).unwrap_or_default())
    }

    /// These and the values of parameters.
    #[must_use]
    pub fn with_parameters(self, parameters: &[SentParameter]) -> Self {
        self.with(PARAMETERS, serde_json::to_value(parameters).unwrap_or_default())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A grant to send: of one template, or of all.
#[derive(Serialize)]
pub struct Grant {
    /// To whom.
    pub partner: NumberRef,
    /// Which; absent for all.
    #[serde(rename = "transactionTemplate", skip_serializing_if = "Option::is_none")]
    pub template: Option<NumberRef>,
}

/// What the answer to a grant tells of it.
#[derive(Deserialize)]
pub struct Granted {
    /// The id under which it can be revoked.
    #[serde(default)]
    pub id: Option<Id>,
}

/// The first user of a partner that is to manage itself. It is sent without a wrapper.
///
/// Not `Debug`: it holds a password.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SelfOnboard<'a> {
    /// The partner; a text here (contract 1.5).
    #[serde(serialize_with = "as_text")]
    pub partner_id: &'a Id,
    /// First name.
    pub first_name: &'a str,
    /// Last name.
    pub last_name: &'a str,
    /// The name to log in with.
    pub user_id: &'a str,
    /// The e-mail address.
    pub email: &'a str,
    /// The password.
    pub password: &'a str,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn company(json: Json) -> Company {
        serde_json::from_value(json).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_partner_is_read_in_whatever_types_it_comes() {
        for (id, network, status, flag) in [
            (json!("11529580510902"), json!({"id": 1}), json!(200), json!(true)),
            (json!(11_529_580_510_902_u64), json!({"id": "1", "name": "Customers"}), json!("200"), json!("true")),
            (json!("11529580510902"), json!("1"), json!(200.0), json!(1)),
        ] {
            let seen = company(json!({
                "id": id, "name": "Walgreens", "partnerNetworks": [network], "status": status, "enableSelfOnboard": flag,
                "address": null, "country": "", "partnerParameter": null, "new": {"a": 1},
            }));
            assert_eq!(seen.id.as_str(), "11529580510902");
            assert_eq!(seen.networks(), Some(BTreeSet::from(["1".to_owned()])));
            assert_eq!((seen.active(), seen.external(), seen.flag("spokeCompany")), (Some(true), Some(true), None));
            let texts = ["name", "address", "country", "phoneNumber"].map(|key| seen.text(key));
            assert_eq!(texts, [Some("Walgreens".into()), Some("".into()), Some("".into()), None]);
            assert!(seen.rows().is_none(), "null is no list");
        }
        assert!(serde_json::from_value::<Company>(json!({"name": "Walgreens"})).is_err());
    }

    /// Trap 16: status 200 is a code of the product.
    #[test]
    fn every_other_status_is_inactive_and_none_says_nothing() {
        for (status, active) in
            [(json!(200), Some(true)), (json!(201), Some(false)), (json!("x"), Some(false)), (json!(null), None)]
        {
            assert_eq!(company(json!({"id": 1, "status": status})).active(), active, "{status}");
        }
        assert_eq!(company(json!({"id": 1})).active(), None);
    }

    #[test]
    fn rows_of_parameters_are_all_there_are_or_unknown() {
        let rows = |shown: Json| {
            let rows = company(json!({"id": 1, "partnerParameter": shown})).rows()?;
            Some(
                rows.into_iter().map(|(parameter, row)| (parameter, row.id.to_string(), row.value)).collect::<Vec<_>>(),
            )
        };
        let shown = json!([
            {"id": 7, "paramId": {"id": "30"}, "value": "x"}, {"id": "8", "paramId": "31", "value": "****"},
            {"id": "9", "paramId": 32, "value": null}, {"id": "10", "paramId": {"id": 33}},
            {"id": "-0", "paramId": "34", "value": "y"}, {"id": " ", "paramId": "35", "value": "z"},
        ]);
        let row =
            |parameter: &str, id: &str, value: Option<&str>| (parameter.into(), id.into(), value.map(str::to_owned));
        let expected =
            vec![row("30", "7", Some("x")), row("31", "8", None), row("32", "9", None), row("33", "10", None)];
        // There is a row, and what is shown for its id names none (trap 13).
        let untold = vec![row("34", "", Some("y")), row("35", "", Some("z"))];
        assert_eq!(rows(shown), Some([expected, untold].concat()));
        assert_eq!(rows(json!([])), Some(vec![]));
        assert_eq!(rows(json!(null)), None);
        // Without ids of rows nothing is known of them.
        assert_eq!(rows(json!([{"paramId": {"id": "30"}, "value": "x"}])), None);
        assert!(company(json!({"id": 1})).rows().is_none());
    }

    /// Traps 8, 12 and 13: whole JSON, and each id in the type that its field has; `-0` is a text.
    #[test]
    fn each_id_is_written_as_the_page_has_it() {
        let parameter = SentParameter {
            id: Id::new("-0"),
            parameter: TextRef { id: Id::new("11518430417328") },
            value: "c".into(),
        };
        let fields = CompanyFields::new().with("address", "").with_networks(["1"]).with_parameters(&[parameter]);
        let expected = json!({
            "address": "", "partnerNetworks": [{"id": 1}],
            "partnerParameter": [{"id": "-0", "paramId": {"id": "11518430417328"}, "value": "c"}],
        });
        assert_eq!(serde_json::to_value(&fields).ok(), Some(expected));
        let number = |id: &str| NumberRef { id: Id::new(id) };
        let grant = Grant { partner: number("11535091945351"), template: Some(number("11535091945352")) };
        let expected =
            json!({"partner": {"id": 11_535_091_945_351_u64}, "transactionTemplate": {"id": 11_535_091_945_352_u64}});
        assert_eq!(serde_json::to_value(&grant).ok(), Some(expected));
        let all = Grant { partner: number("11535091945351"), template: None };
        assert_eq!(serde_json::to_value(&all).ok(), Some(json!({"partner": {"id": 11_535_091_945_351_u64}})));
        let user = SelfOnboard {
            partner_id: &Id::new("11529580510902"),
            first_name: "Walmart",
            last_name: "Corporation",
            user_id: "Walmart",
            email: "admin@walmart.com",
            password: "P@ssw0rd",
        };
        let expected = json!({
            "partnerId": "11529580510902", "firstName": "Walmart", "lastName": "Corporation", "userId": "Walmart",
            "email": "admin@walmart.com", "password": "P@ssw0rd",
        });
        assert_eq!(serde_json::to_value(&user).ok(), Some(expected));
    }
}
