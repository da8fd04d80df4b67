//! Crash: the power fails at every call of every operation of every kind, before the call and after it; answers are lost, and Kubernetes
//! refuses. Whatever happens there is one external object in the end, it is as the spec says, and nobody had to clean up.
//!
//! Every point is tried, one by one; none is left to chance. What was tried is a table in ARCHITECTURE.md, which this test keeps
//! true.

mod operation;
pub mod step;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt::Write;
use std::panic::AssertUnwindSafe;

use futures::future::join_all;
use futures::{FutureExt, StreamExt};
use serde_json::Value as Json;

use crate::harness::root;
use crate::testbed::scene::{Arrival, Scene};
use crate::testbed::{BEDS, Bed};
use operation::{Operation, values};
use step::{Class, Disturbance, Mark, Step, all_struck, is_over, order, stands};

/// Kinds at work beside each other, and stages of each. Most of what they do is waiting, but two processors have enough with these.
const KINDS: usize = 6;
const STAGES: usize = 4;

/// One point of the matrix.
#[derive(Debug, Clone)]
struct Point {
    operation: Operation,
    step: Step,
    disturbance: Disturbance,
    /// The external object at the end of an undisturbed run.
    like: Option<Json>,
}

impl Point {
    /// Whether a run may do without this call although another one had it. What is read depends on which watch or shared list is first, and
    /// so does how often a status is told while somebody else's news is waited for. Every other write has to come.
    fn may_stay_away(&self) -> bool {
        let told = matches!(&self.step.call, Class::Kubernetes { path, .. } if path.ends_with("/status"));
        !self.step.call.is_write() || told
    }
}

/// What became of the points of one operation of one kind.
#[derive(Debug, Default)]
struct Row {
    vendor_calls: usize,
    kubernetes_calls: usize,
    points: usize,
    kills: usize,
    advised: usize,
}

/// How a run through a point went.
struct Run {
    arrival: Arrival,
    /// Whether the step came about.
    struck: bool,
}

/// Lets an operation run without disturbance, and returns its steps and the external object at its end.
async fn undisturbed(scene: &Scene, operation: Operation, name: &str) -> (Vec<Step>, Option<Json>) {
    operation.prepare(scene, name).await;
    let mark = Mark::set(scene);
    operation.begin(scene, name).await;
    let arrival = operation.end(scene, name).await;
    let steps = mark.steps(scene, name);
    let like = values(scene, name).pop();
    operation.check(scene, name, arrival, like.as_ref()).await;
    (steps, like)
}

async fn disturbed(scene: &mut Scene, point: &Point, name: &str) -> Run {
    let Point { operation, step, disturbance, like } = point;
    operation.prepare(scene, name).await;
    let mark = Mark::set(scene);
    order(scene, name, step, *disturbance);
    let mut came = true;
    operation.begin(scene, name).await;
    if disturbance.kills() {
        // A person may have a part in it, before the step and after; what is told last may be seen before it stands still.
        let further = async {
            operation.end(scene, name).await;
            provoke(scene, point, name).await;
            std::future::pending().await
        };
        came = tokio::select! {
            came = stands(scene, &mark, step) => came,
            never = further => never,
        };
        if !came {
            assert!(point.may_stay_away(), "the step never came");
            // Of what follows nothing is to stand still.
            all_struck(scene);
        }
        scene.stage.kill_operator().await;
        scene.stage.start_operator().await;
    }
    let arrival = operation.end(scene, name).await;
    if !is_over(scene) {
        provoke(scene, point, name).await;
    }
    let struck = all_struck(scene) && came;
    assert!(struck || point.may_stay_away(), "the step did not come");
    operation.check(scene, name, arrival, like.as_ref()).await;
    Run { arrival, struck }
}

/// Brings about a last read that this run did not need: by another look.
async fn provoke(scene: &Scene, point: &Point, name: &str) {
    if !point.step.call.is_write() && !point.operation.ends() {
        scene.looked_at(name).await;
    }
}

/// A stage whose operator knows all that it reads but once.
async fn warm(bed: &'static Bed) -> Scene {
    let scene = Scene::set(bed).await;
    undisturbed(&scene, Operation::Create, "warm").await;
    scene
}

async fn points(bed: &'static Bed, scene: &Scene) -> (Vec<Point>, Vec<Row>) {
    let (mut all, mut rows) = (Vec::new(), Vec::new());
    for operation in Operation::ALL.into_iter().filter(|operation| operation.suits(bed)) {
        let name = format!("plain-{operation:?}").to_lowercase();
        let (steps, like) = undisturbed(scene, operation, &name).await;
        let calls = steps.iter().filter(|step| step.call.is_vendor()).count();
        let points = steps.iter().flat_map(|step| {
            let point = |disturbance: &Disturbance| Point {
                operation,
                step: step.clone(),
                disturbance: *disturbance,
                like: like.clone(),
            };
            Disturbance::of(&step.call).iter().map(point)
        });
        let points: Vec<Point> = points.collect();
        rows.push(Row {
            vendor_calls: calls,
            kubernetes_calls: steps.len() - calls,
            points: points.len(),
            kills: points.iter().filter(|point| point.disturbance.kills()).count(),
            advised: 0,
        });
        all.extend(points);
    }
    (all, rows)
}

/// Of how many points one at most may see its step stay away. More would mean that the matrix tries nothing.
const STAYING_AWAY: usize = 10;

/// All points of a kind; the table's rows, and what went wrong.
async fn kind(bed: &'static Bed) -> (String, Vec<String>) {
    let scene = warm(bed).await;
    let (points, rows) = points(bed, &scene).await;
    let most = points.len() / STAYING_AWAY;
    let queue = RefCell::new(points.into_iter().enumerate().collect::<VecDeque<_>>());
    let (rows, failures, away) = (RefCell::new(rows), RefCell::new(Vec::new()), Cell::new(0));
    let operations: Vec<Operation> = Operation::ALL.into_iter().filter(|operation| operation.suits(bed)).collect();
    let work = |first: Option<Scene>| {
        let (queue, rows, failures, away, operations) = (&queue, &rows, &failures, &away, &operations);
        async move {
            let mut scene = match first {
                Some(scene) => scene,
                None => warm(bed).await,
            };
            loop {
                let Some((number, point)) = queue.borrow_mut().pop_front() else { break };
                // As long as any other, and like nothing that an example has.
                let name = format!("at{number:05}");
                match AssertUnwindSafe(disturbed(&mut scene, &point, &name)).catch_unwind().await {
                    Ok(Run { arrival, struck }) => {
                        away.set(away.get() + usize::from(!struck));
                        let place = operations.iter().position(|operation| *operation == point.operation).unwrap();
                        rows.borrow_mut()[place].advised += usize::from(arrival != Arrival::Unaided);
                    }
                    Err(panic) => {
                        let said = panic.downcast_ref::<String>().map(String::as_str);
                        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
                        failures.borrow_mut().push(format!("{}: {point:?}: {said}", bed.name));
                        crate::log::show(&scene.stage.namespace);
                        scene = warm(bed).await;
                    }
                }
            }
        }
    };
    let others = (1..STAGES).map(|_| work(None));
    join_all(std::iter::once(work(Some(scene))).chain(others)).await;
    if away.get() > most {
        failures.borrow_mut().push(format!("{}: {} steps did not come", bed.name, away.get()));
    }
    let mut table = String::new();
    for (operation, row) in operations.iter().zip(rows.take()) {
        let Row { vendor_calls, kubernetes_calls, points, kills, advised } = row;
        let parked = if advised == 0 { String::new() } else { advised.to_string() };
        let words = format!("{operation:?}").to_lowercase();
        writeln!(
            table,
            "| {} | {words} | {vendor_calls} | {kubernetes_calls} | {points} | {kills} | {parked} |",
            bed.name
        )
        .unwrap();
    }
    (table, failures.take())
}

const HEAD: &str = "\
| kind | operation | vendor calls | Kubernetes calls | points | power failures | parked |
| --- | --- | ---: | ---: | ---: | ---: | ---: |
";

/// What stands around the table in ARCHITECTURE.md.
const BEGIN: &str = "<!-- make crash-matrix: begin -->\n";
const END: &str = "<!-- make crash-matrix: end -->\n";

#[tokio::test]
#[ignore = "it takes some minutes: make crash-matrix"]
#[allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test has no command line to be told by, or to tell with"
)]
async fn the_power_fails_at_every_call() {
    let only = std::env::var("CRASH_KIND").unwrap_or_default();
    let beds = BEDS.iter().filter(|bed| bed.name.contains(&only));
    let results: Vec<_> = futures::stream::iter(beds.map(kind)).buffered(KINDS).collect().await;
    let (tables, failures): (Vec<_>, Vec<_>) = results.into_iter().unzip();
    let failures: Vec<String> = failures.into_iter().flatten().collect();
    let table = HEAD.to_owned() + &tables.concat();
    println!("{table}");
    assert!(failures.is_empty(), "{} points:\n{}", failures.len(), failures.join("\n"));
    let path = root().join("ARCHITECTURE.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, [before, BEGIN, &table, END, after].concat()).unwrap();
    } else if only.is_empty() {
        assert_eq!(operations(written), operations(&table), "see with UPDATE_GOLDEN=1 what changed");
    }
}

/// The kinds and operations of a table. How often a run reads varies by a call or two, as watches are faster or slower.
fn operations(table: &str) -> Vec<(&str, &str)> {
    let rows = table.lines().filter_map(|line| line.strip_prefix("| "));
    rows.filter_map(|row| row.split_once(" | ").map(|(kind, rest)| (kind, rest.split(' ').next().unwrap_or_default())))
        .collect()
}
