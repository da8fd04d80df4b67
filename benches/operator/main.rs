//! `make bench`: the operator as a whole, as its own process, against the local API server and simulators with 50 ms latency.
//!
//! Machines are shared and noisy, so an absolute time says little. Beside a time stands that of a *floor* measured in the same run: a bare loop that
//! makes just the same vendor calls and Kubernetes writes at the same concurrency, and nothing else. Counts and memory need no floor.
//!
//! `make bench ARGS="--accounts 10000 --rows b3,b6"` for another size and some of the rows. What a row needs is done, asked for or not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a benchmark stops at the first surprise, and prints"
)]

mod converge;
mod counters;
mod drift;
mod edits;
mod field;
mod floor;
mod memory;
mod portals;
mod process;
mod restart;
mod resync;
mod storm;
mod table;
mod takeover;

use std::path::PathBuf;

use clap::Parser;

use field::Field;
use table::Table;

/// How many calls a loop has under way, and an AdminApi's limit.
const CONCURRENCY: usize = 64;
/// How long the simulator takes to answer.
const LATENCY_MS: u64 = 50;
/// The namespace that the operator looks at.
const WATCHED: &str = "bench";
/// The AdminApi of all accounts, but for those of the neighbour.
const VENDOR: &str = "vendor";
/// Another AdminApi at another vendor, with few accounts.
const NEIGHBOUR: &str = "neighbour";

#[derive(Parser)]
struct Arguments {
    /// How many TenantAccounts
    #[arg(long, default_value_t = 1000)]
    accounts: usize,
    /// How many portals of Intrexx
    #[arg(long, default_value_t = 50)]
    portals: usize,
    /// How many edits to time, 20 a second
    #[arg(long, default_value_t = 200)]
    edits: usize,
    /// How many seconds the storm lasts
    #[arg(long, default_value_t = 30)]
    storm: u64,
    /// Which rows, separated by commas; all if none
    #[arg(long, value_delimiter = ',')]
    rows: Vec<String>,
    /// The program to measure, instead of the one built for the benchmark
    #[arg(long, default_value = env!("CARGO_BIN_EXE_provost"))]
    program: PathBuf,
    /// What cargo passes to benchmarks
    #[arg(long, hide = true)]
    bench: bool,
}

impl Arguments {
    fn wants(&self, row: &str) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|wanted| wanted.eq_ignore_ascii_case(row))
    }

    fn wants_any(&self, rows: &[&str]) -> bool {
        rows.iter().any(|row| self.wants(row))
    }
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let n = arguments.accounts;
    println!("{n} TenantAccounts, vendor latency {LATENCY_MS} ms, concurrency {CONCURRENCY}\n");
    let mut table = Table::default();
    let mut field = Field::set(arguments.program.clone()).await;
    let mut operator = converge::from_empty(&field, &arguments, &mut table).await;
    if arguments.wants("b6") {
        memory::settled(&field, &operator, n, &mut table).await;
    }
    if arguments.wants_any(&["b1", "b2", "b7"]) {
        resync::measure(&field, &operator, n, &mut table).await;
    }
    if arguments.wants("b13") {
        portals::measure(&field, arguments.portals, &mut table).await;
    }
    if arguments.wants_any(&["b4", "b12"]) {
        edits::measure(&field, arguments.edits.min(n), &mut table).await;
    }
    if arguments.wants("b8") {
        drift::measure(&field, &operator, n, &mut table).await;
    }
    if arguments.wants("b6") {
        memory::relisted(&mut field, &operator, n, &mut table).await;
    }
    if arguments.wants("b10") {
        storm::measure(&field, &arguments, &mut table).await;
    }
    if arguments.wants_any(&["b3b", "b5"]) {
        operator = converge::after_edits(&field, &arguments, operator, &mut table).await;
    }
    if arguments.wants("b11") {
        operator.end().await;
        operator = restart::measure(&field, n, &mut table).await;
    }
    operator.end().await;
    if arguments.wants("b9") {
        takeover::measure(&field, &mut table).await;
    }
    field.cluster.stop().await;
    table.print();
}
