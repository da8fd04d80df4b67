//! What each object contributes, kept while there is such an object, and counted when somebody asks.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::table::{self, Row};
use super::{Gauge, GaugeSpec};
use crate::engine::condition::{DRIFTED, READY, RECONCILING, STALLED, SYNCED};
use crate::engine::queue::Item;
use crate::engine::reason::Reason;

/// How many objects of one kind are named of those that are unready, or that drifted, for one reason: so many that no outage hides what is wrong
/// beside it. All are counted.
const MOST_NAMED: usize = 100;

/// The conditions that are counted.
const COUNTED: [&str; 5] = [READY, SYNCED, DRIFTED, RECONCILING, STALLED];

/// Labels and their value.
pub(super) type Series = BTreeMap<Vec<(&'static str, String)>, f64>;

/// A condition in words of closed sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Shown {
    condition: &'static str,
    status: &'static str,
    reason: &'static str,
}

/// What one object contributes.
#[derive(Debug, Default)]
struct Contribution {
    conditions: Arc<[Shown]>,
    /// When it turned unready, and when it drifted, in seconds since 1970.
    unready: Option<i64>,
    drifted: Option<i64>,
    gauges: Vec<Gauge>,
}

/// What all of them contribute.
#[derive(Debug, Default)]
pub(super) struct Contributions {
    all: HashMap<Item, Contribution>,
    /// Thousands of objects have the same few sets of conditions.
    known: HashSet<Arc<[Shown]>>,
}

impl Contributions {
    /// Replaces what `item` contributes. Words of `conditions` become labels only if they are of the closed sets that labels come from:
    /// the engine's reasons, and `own`, the kind's. `gauges` none: what it contributed before stays.
    pub(super) fn set(
        &mut self,
        item: &Item,
        conditions: &[Condition],
        own: &[(&'static str, &'static str)],
        gauges: Option<Vec<Gauge>>,
    ) {
        let shown: Vec<Shown> = conditions.iter().filter_map(|condition| Shown::of(condition, own)).collect();
        let shown = match self.known.get(shown.as_slice()) {
            Some(known) => known.clone(),
            None => {
                let shown: Arc<[Shown]> = shown.into();
                self.known.insert(shown.clone());
                shown
            }
        };
        let since = |condition: &str, status: &str| {
            let found = conditions.iter().find(|other| other.type_ == condition && other.status == status);
            found.map(|found| found.last_transition_time.0.as_second())
        };
        let mine = self.all.entry(item.clone()).or_default();
        mine.conditions = shown;
        mine.unready = since(READY, "False");
        mine.drifted = since(DRIFTED, "True");
        if let Some(gauges) = gauges {
            mine.gauges = gauges;
        }
    }

    /// Replaces one value of what an object contributes, once it contributes anything.
    pub(super) fn set_gauge(&mut self, item: &Item, gauge: Gauge) {
        if let Some(mine) = self.all.get_mut(item) {
            mine.gauges.retain(|known| known.name != gauge.name);
            mine.gauges.push(gauge);
        }
    }

    /// Whether an object contributes anything.
    pub(super) fn has(&self, item: &Item) -> bool {
        self.all.contains_key(item)
    }

    /// Drops what an object contributed.
    pub(super) fn forget(&mut self, item: &Item) {
        self.all.remove(item);
    }

    /// The series of the engine's own metrics of objects.
    pub(super) fn series(&self) -> [(Row, Series); 4] {
        let (mut objects, mut conditions) = (Series::new(), Series::new());
        for (item, mine) in &self.all {
            for Shown { condition, status, reason } in mine.conditions.iter() {
                if *condition == READY {
                    let labels = named(&table::OBJECTS, [item.kind, status, reason]);
                    *objects.entry(labels).or_default() += 1.0;
                }
                let labels = named(&table::CONDITIONS, [item.kind, condition, status, reason]);
                *conditions.entry(labels).or_default() += 1.0;
            }
        }
        let unready = self.longest(READY, |mine| mine.unready).into_iter().map(|(since, item, mine)| {
            let stalled = if mine.conditions.iter().any(|shown| shown.condition == STALLED) { "true" } else { "false" };
            let labels = [item.kind, &item.namespace, &item.name, mine.reason(READY), stalled];
            (named(&table::UNREADY, labels), since as f64)
        });
        let drifted = self.longest(DRIFTED, |mine| mine.drifted).into_iter().map(|(since, item, mine)| {
            let labels = [item.kind, &item.namespace, &item.name, mine.reason(DRIFTED)];
            (named(&table::DRIFTED, labels), since as f64)
        });
        let (unready, drifted) = (unready.collect(), drifted.collect());
        [
            (table::OBJECTS, objects),
            (table::CONDITIONS, conditions),
            (table::UNREADY, unready),
            (table::DRIFTED, drifted),
        ]
    }

    /// Those of which this holds since a time, by that time: of each kind and reason of `condition` the first.
    fn longest(
        &self,
        condition: &str,
        since: impl Fn(&Contribution) -> Option<i64>,
    ) -> Vec<(i64, &Item, &Contribution)> {
        let held = self.all.iter().filter_map(|(item, mine)| Some((since(mine)?, item, mine)));
        let mut held: Vec<_> = held.collect();
        held.sort_by_key(|(since, item, _)| (*since, *item));
        let mut named: HashMap<_, usize> = HashMap::new();
        held.retain(|(_, item, mine)| {
            let count = named.entry((item.kind, mine.reason(condition))).or_default();
            *count += 1;
            *count <= MOST_NAMED
        });
        held
    }

    /// The series of the metrics that kinds and AdminApis add.
    pub(super) fn gauges(&self, specs: &BTreeMap<&'static str, GaugeSpec>) -> BTreeMap<&'static str, Series> {
        let mut all: BTreeMap<&'static str, Series> = specs.keys().map(|name| (*name, Series::new())).collect();
        for (item, mine) in &self.all {
            for gauge in &mine.gauges {
                let (Some(spec), Some(series)) = (specs.get(gauge.name), all.get_mut(gauge.name)) else { continue };
                let mut labels = Vec::new();
                if !spec.summed {
                    labels = vec![("namespace", item.namespace.to_string()), ("name", item.name.to_string())];
                }
                labels.extend(gauge.labels.iter().cloned());
                // Several values of one object under the same labels are of one thing: the highest counts.
                let merge = |known: &mut f64| {
                    *known = if spec.summed { *known + gauge.value } else { known.max(gauge.value) };
                };
                series.entry(labels).and_modify(merge).or_insert(gauge.value);
            }
        }
        all
    }
}

impl Contribution {
    fn reason(&self, condition: &str) -> &'static str {
        self.conditions.iter().find(|shown| shown.condition == condition).map_or("Other", |shown| shown.reason)
    }
}

impl Shown {
    fn of(condition: &Condition, own: &[(&'static str, &'static str)]) -> Option<Self> {
        let counted = COUNTED.into_iter().find(|counted| *counted == condition.type_)?;
        let status = match condition.status.as_str() {
            "True" => "True",
            "False" => "False",
            _ => "Unknown",
        };
        let known = Reason::ALL.iter().map(|known| known.word()).chain(own.iter().map(|(word, _)| *word));
        let reason = { known }.find(|known| *known == condition.reason).unwrap_or("Other");
        Some(Self { condition: counted, status, reason })
    }
}

/// The labels of a row with their values.
pub(super) fn named<const N: usize>(row: &Row, values: [&str; N]) -> Vec<(&'static str, String)> {
    debug_assert_eq!(row.labels.len(), N, "{}", row.name());
    row.labels.iter().copied().zip(values.map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    fn condition(condition: &str, status: &str, reason: &str, since: i64) -> Condition {
        Condition {
            type_: condition.to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            message: "planted words of somebody else".to_owned(),
            observed_generation: None,
            last_transition_time: Time(Timestamp::from_second(since).unwrap()),
        }
    }

    fn item(name: &str) -> Item {
        Item { kind: "T", namespace: "ns".into(), name: name.into() }
    }

    fn of<'a>(series: &'a [(Row, Series); 4], row: &Row) -> &'a Series {
        &series.iter().find(|(other, _)| other == row).unwrap().1
    }

    #[test]
    fn the_unready_are_named_with_their_reason_and_since_when() {
        let mut all = Contributions::default();
        let stuck = [condition(READY, "False", "Conflict", 100), condition(STALLED, "True", "Conflict", 120)];
        all.set(&item("stuck"), &stuck, &[], None);
        all.set(&item("fine"), &[condition(READY, "True", "Converged", 90)], &[], None);
        all.set(&item("odd"), &[condition(READY, "False", "planted-secret", 95)], &[], None);
        let drift = [condition(READY, "True", "DriftReported", 90), condition(DRIFTED, "True", "DriftReported", 200)];
        all.set(&item("adrift"), &drift, &[], None);
        let series = all.series();
        let names = |row: &Row| -> Vec<(String, f64)> {
            let label = |labels: &[(&str, String)]| {
                labels.iter().skip(2).map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ")
            };
            of(&series, row).iter().map(|(labels, value)| (label(labels), *value)).collect()
        };
        assert_eq!(
            names(&table::UNREADY),
            [("odd Other false".to_owned(), 95.0), ("stuck Conflict true".to_owned(), 100.0)]
        );
        assert_eq!(names(&table::DRIFTED), [("adrift DriftReported".to_owned(), 200.0)]);
        assert!(!format!("{series:?}").contains("planted"));
        all.forget(&item("stuck"));
        assert_eq!(of(&all.series(), &table::UNREADY).len(), 1);
    }

    #[test]
    fn a_mass_of_unready_objects_is_counted_and_hides_no_other_reason() {
        let mut all = Contributions::default();
        for number in 0..=MOST_NAMED {
            let since = 10_000 - i64::try_from(number).unwrap();
            all.set(&item(&format!("n{number}")), &[condition(READY, "False", "Unavailable", since)], &[], None);
        }
        all.set(&item("other"), &[condition(READY, "False", "Conflict", 20_000)], &[], None);
        let series = all.series();
        assert_eq!(of(&series, &table::OBJECTS).values().sum::<f64>(), MOST_NAMED as f64 + 2.0);
        let named: Vec<f64> = of(&series, &table::UNREADY).values().copied().collect();
        assert_eq!(named.len(), MOST_NAMED + 1);
        // The last of the many to turn so is left out.
        assert!(!named.contains(&10_000.0) && named.contains(&20_000.0), "{named:?}");
    }
}
