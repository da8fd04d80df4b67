//! What is added up or looked at when somebody asks: objects, AdminApis, the queue, the process.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::objects::{Contributions, Series, named};
use super::table::{self, Row, Sort};
use super::{GaugeSpec, Present, process};
use crate::base::breaker::State;
use crate::base::clock::now;
use crate::engine::connection::{KIND, item_of};
use crate::engine::queue::{Item, Lane};
use crate::engine::watch::Key;

/// What is kept for the moment of asking.
#[derive(Debug)]
pub(super) struct Collected {
    pub(super) contributions: Contributions,
    pub(super) present: Present,
    /// The calls through each AdminApi.
    pub(super) through: BTreeMap<Key, Through>,
    specs: BTreeMap<&'static str, GaugeSpec>,
    /// When the process began, in seconds since 1970.
    started: f64,
}

/// The calls through one AdminApi.
#[derive(Debug, Default)]
pub(super) struct Through {
    outcomes: BTreeMap<&'static str, u64>,
    waited: Duration,
}

impl Through {
    pub(super) fn add(&mut self, outcome: &'static str, waited: Duration) {
        *self.outcomes.entry(outcome).or_default() += 1;
        self.waited += waited;
    }
}

impl Collected {
    pub(super) fn new(specs: BTreeMap<&'static str, GaugeSpec>) -> Self {
        Self {
            contributions: Contributions::default(),
            present: Present::default(),
            through: BTreeMap::new(),
            specs,
            started: now().as_second() as f64,
        }
    }

    pub(super) fn forget(&mut self, item: &Item) {
        self.contributions.forget(item);
        if item.kind == KIND {
            self.through.remove(&(item.namespace.clone(), item.name.clone()));
        }
    }

    /// The calls through the AdminApis that there are.
    fn calls(&self) -> [(Row, Series); 2] {
        let (mut calls, mut waits) = (Series::new(), Series::new());
        // A call may end after its AdminApi is gone.
        for (key, through) in self.through.iter().filter(|(key, _)| self.contributions.has(&item_of(key))) {
            for (outcome, count) in &through.outcomes {
                calls.insert(named(&table::API_CALLS, [&key.0, &key.1, outcome]), *count as f64);
            }
            waits.insert(named(&table::API_WAITS, [&key.0, &key.1]), through.waited.as_secs_f64());
        }
        [(table::API_CALLS, calls), (table::API_WAITS, waits)]
    }

    fn waiting(&self) -> [(Row, Series); 5] {
        let queue = &self.present.queue;
        let one = |value: f64| Series::from([(Vec::new(), value)]);
        let lanes = Lane::ALL.iter().zip(queue.depths);
        let depth = lanes.map(|(lane, depth)| (named(&table::DEPTH, [lane.label()]), depth as f64)).collect();
        let oldest = queue.shares.iter().map(|(_, _, waited)| *waited).max().unwrap_or_default();
        let (mut of_api, mut oldest_of_api) = (Series::new(), Series::new());
        for (tenant, waiting, waited) in &queue.shares {
            if let Some(key) = tenant {
                of_api.insert(named(&table::API_DEPTH, [&key.0, &key.1]), *waiting as f64);
                oldest_of_api.insert(named(&table::API_OLDEST, [&key.0, &key.1]), waited.as_secs_f64());
            }
        }
        [
            (table::API_DEPTH, of_api),
            (table::API_OLDEST, oldest_of_api),
            (table::DEPTH, depth),
            (table::OLDEST, one(oldest.as_secs_f64())),
            (table::RUNNING, one(queue.running as f64)),
        ]
    }

    fn breakers(&self) -> (Row, Series) {
        let mut series = Series::new();
        for (key, present) in &self.present.breakers {
            for state in State::ALL {
                let value = f64::from(u8::from(state == *present));
                series.insert(named(&table::BREAKER, [&key.0, &key.1, state.label()]), value);
            }
        }
        (table::BREAKER, series)
    }

    fn process(&self) -> Vec<(Row, Series)> {
        let one = |value: f64| Series::from([(Vec::new(), value)]);
        let usage = process::usage();
        let version = named(&table::BUILD, [env!("CARGO_PKG_VERSION")]);
        let mut rows = vec![
            (table::LEADER, one(f64::from(u8::from(self.present.leads)))),
            (table::BUILD, Series::from([(version, 1.0)])),
            (table::STARTED, one(self.started)),
            (table::CPU, one(usage.cpu)),
        ];
        rows.extend(usage.memory.map(|bytes| (table::MEMORY, one(bytes))));
        rows.extend(usage.files.map(|count| (table::FILES, one(count))));
        rows
    }
}

/// Has the registry ask.
#[derive(Debug)]
pub(super) struct Collector(pub(super) Arc<Mutex<Collected>>);

impl collector::Collector for Collector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let collected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let objects = collected.contributions.series();
        let gauges = collected.contributions.gauges(&collected.specs);
        let rows = { objects }.into_iter().chain(collected.calls()).chain([collected.breakers()]);
        for (row, series) in rows.chain(collected.waiting()).chain(collected.process()) {
            write(&mut encoder, &row, &series)?;
        }
        for (name, spec) in &collected.specs {
            let name = format!("provost_{name}");
            let help = format!("{}.", spec.help);
            let mut metric = encoder.encode_descriptor(&name, &help, None, MetricType::Gauge)?;
            for (labels, value) in gauges.get(spec.name).into_iter().flatten() {
                metric.encode_family(labels)?.encode_gauge(value)?;
            }
        }
        Ok(())
    }
}

fn write(encoder: &mut DescriptorEncoder<'_>, row: &Row, series: &Series) -> Result<(), fmt::Error> {
    let (help, unit) = (format!("{}.", row.help), row.unit());
    let mut metric = encoder.encode_descriptor(row.base(), &help, unit.as_ref(), row.sort.metric_type())?;
    for (labels, value) in series {
        let sample = |encoder: &mut MetricEncoder<'_>| match row.sort {
            Sort::Counter => encoder.encode_counter::<NoLabelSet, _, f64>(value, None),
            Sort::Gauge | Sort::Histogram => encoder.encode_gauge(value),
        };
        // Empty braces are no part of the format.
        if labels.is_empty() { sample(&mut metric)? } else { sample(&mut metric.encode_family(labels)?)? }
    }
    Ok(())
}
