//! Fuzz: documents that nobody would send, made from nothing or by spoiling real ones, for the tests of whatever reads documents.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::Config;
use serde_json::{Map, Value as Json};

/// Stands in spoilt documents where a value may be. Nobody may repeat it.
pub(crate) const MARKER: &str = "planted-payload-6H";

/// One case in so many of `PROPTEST_CASES`, or of 256: for readers that take their time.
pub(crate) fn one_in(part: u32) -> Config {
    let config = Config::default();
    Config { cases: (config.cases / part).max(1), failure_persistence: None, ..config }
}

/// A value of any type, with those on which readers stumble.
pub(crate) fn leaf() -> impl Strategy<Value = Json> {
    let numbers: [Json; 9] = [
        0.into(),
        1.into(),
        (-1).into(),
        u64::MAX.into(),
        i64::MIN.into(),
        1.5.into(),
        1e300.into(),
        (-0.0).into(),
        50_708_840_445_459.76.into(),
    ];
    let texts = ["", " ", "0", "true", "null", MARKER, "\u{0}\u{202e}\u{feff}é\u{10ffff}", "0000-00-00 00:00:00", "-1"];
    prop_oneof![
        2 => Just(Json::Null),
        2 => any::<bool>().prop_map(Json::from),
        4 => select(numbers.to_vec()),
        4 => select(texts.to_vec()).prop_map(Json::from),
        1 => Just(Json::from(MARKER.repeat(400))),
        2 => any::<String>().prop_map(Json::from),
    ]
}

/// Any JSON, some of it with these names.
pub(crate) fn json(names: &'static [&'static str]) -> impl Strategy<Value = Json> {
    leaf().prop_recursive(4, 32, 4, move |inner| {
        let name = prop_oneof![4 => select(names).prop_map(str::to_owned), 1 => "[a-z0-9]{0,3}"];
        let fields = vec((name, inner.clone()), 0..5);
        prop_oneof![
            vec(inner, 0..4).prop_map(Json::from),
            fields.prop_map(|fields| Json::Object(fields.into_iter().collect())),
        ]
    })
}

/// What is done to one place of a document.
#[derive(Debug, Clone)]
enum Spoil {
    Drop,
    Replace(Json),
    Repeat,
    Nest(usize),
    Add(String, Json),
}

/// `sample` with up to four places spoilt.
pub(crate) fn spoilt(sample: Json) -> impl Strategy<Value = Json> {
    let spoil = prop_oneof![
        2 => Just(Spoil::Drop),
        4 => leaf().prop_map(Spoil::Replace),
        1 => Just(Spoil::Repeat),
        1 => select(vec![1, 2, 40, 300]).prop_map(Spoil::Nest),
        1 => ("[a-z_]{1,8}", leaf()).prop_map(|(name, value)| Spoil::Add(name, value)),
    ];
    vec((any::<Index>(), spoil), 1..5).prop_map(move |spoils| {
        let mut document = sample.clone();
        for (place, spoil) in spoils {
            let places = places(&document);
            change(&mut document, &places[place.index(places.len())], spoil);
        }
        document
    })
}

/// The same as text, cut off or with something in it that does not belong there.
pub(crate) fn garbled(text: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let stray =
        select(vec!["{", "]", "\"", "\\", "1e999", "\u{0}", "\u{feff}", ",,", "\n---\n", "<b>", "&a [*a, *a]", "\t"]);
    (text, any::<Index>(), prop::option::of(stray), any::<bool>()).prop_map(|(mut text, place, stray, cut)| {
        let at = text.floor_char_boundary(place.index(text.len() + 1));
        match stray {
            Some(stray) => text.insert_str(at, stray),
            None if cut => text.truncate(at),
            None => {}
        }
        text
    })
}

/// A pointer to every value in a document, itself first.
fn places(document: &Json) -> Vec<String> {
    let mut found = vec![String::new()];
    let inner: Vec<(String, &Json)> = match document {
        Json::Object(fields) => fields.iter().map(|(name, value)| (escaped(name), value)).collect(),
        Json::Array(items) => items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (step, value) in inner {
        found.extend(places(value).into_iter().map(|rest| format!("/{step}{rest}")));
    }
    found
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn change(document: &mut Json, place: &str, spoil: Spoil) {
    let Some((parent, step)) = place.rsplit_once('/') else { return };
    match spoil {
        Spoil::Replace(value) => *document.pointer_mut(place).unwrap() = value,
        Spoil::Nest(depth) => {
            let inner = document.pointer_mut(place).unwrap();
            for _ in 0..depth {
                *inner = Json::Array(vec![inner.take()]);
            }
        }
        Spoil::Add(name, value) => match document.pointer_mut(place) {
            Some(Json::Object(fields)) => drop(fields.insert(name, value)),
            Some(other) => *other = Json::Object(Map::from_iter([(name, value)])),
            None => {}
        },
        Spoil::Drop | Spoil::Repeat => match document.pointer_mut(parent) {
            Some(Json::Object(fields)) => drop(fields.remove(&step.replace("~1", "/").replace("~0", "~"))),
            Some(Json::Array(items)) => {
                let item = items.remove(step.parse().unwrap());
                if matches!(spoil, Spoil::Repeat) {
                    items.extend([item.clone(), item]);
                }
            }
            _ => {}
        },
    }
}
