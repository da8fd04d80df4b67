//! What an AdminApi contributes.

use super::{Gauge, GaugeSpec, table};
use crate::engine::admin_api::{AdminApi, AdminApiStatus};
use crate::engine::condition::{READY, holds};
use crate::engine::connection::item_of;
use crate::engine::context::Engine;
use crate::engine::session::vendor_of;
use crate::engine::watch::Key;

/// Shows an AdminApi as its status is to be now.
pub fn show(engine: &Engine, key: &Key, object: &AdminApi, status: &AdminApiStatus) {
    let (item, metrics) = (item_of(key), &engine.metrics);
    metrics.contribute(&item, &status.conditions, &[], None);
    let vendor = vendor_of(engine.vendors, &object.spec.vendor).map_or("", |row| row.name);
    let ready = f64::from(u8::from(holds(&status.conditions, READY)));
    let gauge = |spec: &GaugeSpec, labels, value| Gauge { name: spec.name, labels, value };
    metrics.set_gauge(&item, gauge(&table::API_READY, vec![("vendor", vendor.to_owned())], ready));
    metrics.set_gauge(&item, gauge(&table::RESYNC, Vec::new(), object.spec.resync().as_secs_f64()));
    if let Some(session) = engine.sessions.session(key) {
        metrics.set_gauge(&item, gauge(&table::LAST_CHECK, Vec::new(), session.proven().as_second() as f64));
    }
}
