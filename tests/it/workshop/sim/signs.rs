//! Signs: those on the walls of the workshop. What is carved into one stays carved, what is marked on one is not shown, and whoever asks
//! for a new token has made the old one worthless.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use provost::sim::simulated::External;
use serde_json::{Value, json};

use super::{Answer, Body, Inner, Premises, text, token};

/// A sign, in the workshop's words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sign {
    pub ground: String,
    /// What is carved into it, one over the other.
    pub carved: Vec<String>,
    /// What is being carved, and how many looks find it so.
    under_way: Option<(String, u32)>,
    /// What is chalked on it, by the number of the chalk.
    chalk: BTreeMap<String, String>,
    /// Its marks by row.
    pub marks: BTreeMap<u64, String>,
}

impl Sign {
    fn finish(&mut self) {
        if let Some((lettering, 0)) = &self.under_way {
            self.carved.push(lettering.clone());
            self.under_way = None;
        }
    }
}

pub fn routes() -> Router<Premises> {
    Router::new()
        .route("/signs/{place}", get(look).post(hang).patch(paint).delete(take))
        .route("/signs/{place}/marks/{mark}", put(put_mark))
        .route("/signs/{place}/rows/{row}", delete(take_mark))
        .route("/signs/{place}/chalk", post(chalk))
        .route("/signs/{place}/carvings", post(carve))
        .route("/door", get(async || Json(json!({}))))
        .route("/token", post(rotate))
}

pub fn externals(inner: &Inner) -> impl Iterator<Item = External> {
    inner.store.signs.iter().map(|(place, sign)| External {
        kind: "Sign",
        id: place.clone(),
        key: place.clone(),
        values: json!({
            "ground": sign.ground, "lettering": sign.carved.last(),
            "marks": sign.marks.values().collect::<std::collections::BTreeSet<_>>(),
        }),
    })
}

impl Inner {
    fn sign(&mut self, place: &str) -> Result<&mut Sign, StatusCode> {
        self.store.signs.get_mut(place).ok_or(StatusCode::NOT_FOUND)
    }

    /// How often the same was done that cannot be undone, at the most, by place.
    pub fn repeated(&self) -> BTreeMap<String, u64> {
        let mut most = BTreeMap::new();
        for ((place, _), times) in &self.deeds {
            let known: &mut u64 = most.entry(place.clone()).or_default();
            *known = (*known).max(*times);
        }
        most
    }
}

async fn look(State(premises): State<Premises>, Path(place): Path<String>) -> Answer {
    let mut inner = premises.lock();
    let (hidden, other) = (inner.options.letterings_hidden, inner.options.other_lettering.clone());
    let sign = inner.sign(&place)?;
    if let Some((_, looks)) = &mut sign.under_way {
        *looks = looks.saturating_sub(1);
    }
    let carving = sign.under_way.as_ref().is_some_and(|(_, looks)| *looks > 0);
    sign.finish();
    let lettering = sign.carved.last().map(|carved| other.as_ref().unwrap_or(carved)).filter(|_| !hidden);
    Ok(Json(json!({"ground": sign.ground, "lettering": lettering, "carving": carving})))
}

async fn hang(State(premises): State<Premises>, Path(place): Path<String>, Json(body): Body) -> Answer {
    let mut inner = premises.lock();
    if inner.store.signs.contains_key(&place) {
        return Err(StatusCode::CONFLICT);
    }
    let ground = text(&body, "ground").unwrap_or_default();
    inner.store.signs.insert(place, Sign { ground, ..Sign::default() });
    Ok(Json(json!({})))
}

async fn paint(State(premises): State<Premises>, Path(place): Path<String>, Json(body): Body) -> Answer {
    premises.lock().sign(&place)?.ground = text(&body, "ground").ok_or(StatusCode::BAD_REQUEST)?;
    Ok(Json(json!({})))
}

async fn take(State(premises): State<Premises>, Path(place): Path<String>) -> Answer {
    let mut inner = premises.lock();
    if !inner.sign(&place)?.marks.is_empty() {
        return Err(StatusCode::CONFLICT);
    }
    inner.store.signs.remove(&place);
    Ok(Json(json!({})))
}

/// A mark that is on it already keeps its row.
async fn put_mark(State(premises): State<Premises>, Path((place, mark)): Path<(String, String)>) -> Answer {
    let mut inner = premises.lock();
    inner.last += 1;
    let next = inner.last;
    if inner.options.refused_mark.as_ref() == Some(&mark) {
        return Err(StatusCode::BAD_REQUEST);
    }
    let sign = inner.sign(&place)?;
    let known = sign.marks.iter().find(|(_, known)| **known == mark).map(|(row, _)| *row);
    let row = known.unwrap_or(next);
    sign.marks.insert(row, mark);
    Ok(Json(json!({"row": row})))
}

async fn take_mark(State(premises): State<Premises>, Path((place, row)): Path<(String, u64)>) -> Answer {
    let mut inner = premises.lock();
    inner.sign(&place)?.marks.remove(&row).ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(json!({})))
}

async fn chalk(State(premises): State<Premises>, Path(place): Path<String>, Json(body): Body) -> Answer {
    let mut inner = premises.lock();
    let id = inner.next('c');
    let lettering = text(&body, "lettering").ok_or(StatusCode::BAD_REQUEST)?;
    inner.sign(&place)?.chalk.insert(id.clone(), lettering);
    Ok(Json(json!({"id": id})))
}

/// Carving the same once more is another effect of the same.
async fn carve(State(premises): State<Premises>, Path(place): Path<String>, Json(body): Body) -> Answer {
    let mut inner = premises.lock();
    let looks = inner.options.carving_looks;
    let sign = inner.sign(&place)?;
    let chalk = text(&body, "chalk").ok_or(StatusCode::BAD_REQUEST)?;
    let lettering = sign.chalk.get(&chalk).cloned().ok_or(StatusCode::CONFLICT)?;
    sign.under_way = Some((lettering.clone(), looks));
    sign.finish();
    *inner.deeds.entry((place, lettering)).or_default() += 1;
    Ok(Json(json!({})))
}

async fn rotate(State(premises): State<Premises>, Json(body): Body) -> Answer {
    let mut inner = premises.lock();
    let reason = text(&body, "reason").ok_or(StatusCode::BAD_REQUEST)?;
    let place = reason.split('/').next().unwrap_or_default().to_owned();
    *inner.deeds.entry((place, reason)).or_default() += 1;
    inner.last += 1;
    inner.token = token(inner.last);
    let token: Value = inner.token.as_str().into();
    Ok(Json(json!({"token": token})))
}
