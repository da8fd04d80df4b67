//! Plans: carried out they converge, held they do nothing, and they touch nothing that is not ours.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::config;
use super::vendor::{World, world};
use crate::engine::diff::{Change, Effect, diff, remember};
use crate::engine::kind::{Found, Identity, Seen};
use crate::engine::plan::{Action, Claim, Plan, converge, dispose};
use crate::engine::policy::{Deletion, Management};
use crate::engine::reason::Reason;
use crate::engine::state::{Access, State, Value, row};

/// More steps than any way to the end has: revive, adopt, create, go on with what was begun, update, look.
const MOST_STEPS: usize = 8;

fn plan(world: &World) -> Plan {
    converge(&world.situation(), &world.found())
}

/// Whether carrying it out would write at the vendor.
fn writes(plan: &Plan) -> bool {
    plan.hold.is_none()
        && match &plan.action {
            Action::Create | Action::Run | Action::Update | Action::Disable | Action::Delete => true,
            Action::Nothing | Action::Adopt { .. } | Action::Release => false,
        }
}

/// Whether this very change was begun under an approval of its own.
fn is_begun(world: &World, change: &Change) -> bool {
    let wanted = world.wanted.get(&change.path).map(Value::remembered);
    world.begun.values().any(|mark| mark.wanted.get(&change.path) == wanted.as_ref())
}

/// Carries plans out, with every approval given, until there is nothing to do, or one is held. No plan may come twice in a row.
fn run(world: &mut World) -> Plan {
    let mut before: Option<Plan> = None;
    for _ in 0..MOST_STEPS {
        let mut next = plan(world);
        if next.hold.as_ref().is_some_and(|hold| hold.reason == Reason::AwaitingApproval) {
            world.approved = Some(next.hash("u", 1, &world.wanted, None));
            next = plan(world);
        }
        if next.hold.is_some() {
            return next;
        }
        assert_ne!(before.as_ref(), Some(&next), "the same again, which did not help before");
        world.carry_out(&next);
        world.approved = None;
        if next.action == Action::Nothing {
            return next;
        }
        before = Some(next);
    }
    panic!("no end after {MOST_STEPS} steps: {before:#?}\n{world:#?}");
}

/// A world in which the vendor agrees with what is wanted.
fn converged(mut world: World) -> World {
    let mut everything = world.wanted.clone();
    if let Some((_, state)) = &world.object {
        // What is not managed may be anything.
        for (path, value) in state.iter().filter(|(path, _)| world.wanted.get(path).is_none()) {
            everything.insert(path, value.clone());
        }
    }
    world.object = Some(("1".to_owned(), everything));
    world.external_id = Some("1".to_owned());
    (world.first_sight, world.announced, world.uncertain, world.tombstone) = (false, false, false, None);
    let sent: BTreeMap<String, String> =
        world.wanted.iter().map(|(path, value)| (path.to_owned(), value.remembered())).collect();
    let Found::Present(seen) = world.found() else { unreachable!("the object is there") };
    world.remembered = remember(&world.fields, &world.wanted, &seen.state, &sent);
    world
}

fn set_fields(world: &World, seen: &Seen<()>) -> Vec<String> {
    let differences = diff(&world.fields, &world.wanted, &seen.state, &world.remembered);
    differences.into_iter().filter(|change| change.effect == Effect::Set).map(|change| change.path).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_plan_of_a_converged_state_is_empty(world in world()) {
        let world = converged(world);
        let found = plan(&world);
        prop_assert_eq!((&found.action, &found.hold), (&Action::Nothing, &None), "{:#?}", found);
        prop_assert!(found.changes.is_empty() && found.kept.is_empty());
    }

    #[test]
    fn carrying_plans_out_comes_to_an_end_and_the_end_is_stable(mut world in world()) {
        let end = run(&mut world);
        let again = run(&mut world.clone());
        prop_assert_eq!(&again.action, &end.action);
        prop_assert_eq!(&again.hold, &end.hold);
    }

    #[test]
    fn what_is_enforced_is_so_in_the_end(mut world in world()) {
        world.policy.management = Management::Enforce;
        (world.policy.adopt, world.policy.correct_drift, world.stubborn) = (true, true, None);
        // What is remembered is what was sent, or nothing: it is not made up.
        world.remembered.clear();
        if run(&mut world).action != Action::Nothing || plan(&world).hold.is_some() {
            return Ok(());
        }
        let (_, state) = world.object.as_ref().expect("there is nothing to do about what is there");
        for (path, value) in world.wanted.iter() {
            let access = row(&world.fields, path).unwrap().access;
            if matches!(access, Access::Readable | Access::WriteOnly) {
                prop_assert_eq!(state.get(path), Some(value), "{}", path);
            }
        }
    }

    #[test]
    fn what_is_not_managed_stays_as_it_is(mut world in world()) {
        let before = world.object.clone();
        let ids_before = before.as_ref().map(|(id, _)| id.clone());
        run(&mut world);
        if let (Some((_, before)), Some((id, after))) = (&before, &world.object)
            && ids_before.as_ref() == Some(id)
        {
            for (path, value) in before.iter().filter(|(path, _)| world.wanted.get(path).is_none()) {
                prop_assert_eq!(after.get(path), Some(value), "{}", path);
            }
            // Nor does anything change that the vendor fixes at creation.
            for (path, value) in before.iter() {
                if matches!(row(&world.fields, path).unwrap().access, Access::Immutable | Access::CreateOnly) {
                    prop_assert_eq!(after.get(path), Some(value), "{}", path);
                }
            }
        }
    }

    #[test]
    fn who_only_looks_writes_nothing(mut world in world(), deleting: bool, unknown: bool) {
        world.policy.management = if unknown { Management::Unknown } else { Management::Observe };
        // As `policy::effective` has it.
        world.policy.deletion = Deletion::Orphan;
        let found = world.found();
        let plan = if deleting { dispose(&world.situation(), &found) } else { plan(&world) };
        prop_assert!(!writes(&plan), "{:#?}", plan);
    }

    #[test]
    fn without_its_own_approval_a_plan_is_only_shown(mut world in world(), deleting: bool, word in "[0-9a-f]{12}") {
        world.policy.management = Management::Plan;
        let found = world.found();
        let make = |world: &World| match deleting {
            true => dispose(&world.situation(), &found),
            false => converge(&world.situation(), &found),
        };
        for approved in [None, Some(word)] {
            world.approved = approved;
            let held = make(&world);
            let taken_up = matches!(held.action, Action::Adopt { claim: Claim::Announced, .. });
            let goes_on = held.action == Action::Update && held.changes.iter().all(|change| is_begun(&world, change));
            prop_assert!(held.hold.is_some() || !held.is_something() || taken_up || goes_on, "{:#?}", held);
            prop_assert!(!writes(&held) || goes_on);
        }
        let hash = make(&world).hash("u", 1, &world.wanted, None);
        let by_approval = matches!(make(&world).hold.map(|hold| hold.reason), Some(Reason::PlanStale));
        world.approved = Some(hash);
        prop_assert_eq!(make(&world).hold.is_none() || !by_approval, true);
        // An edit afterwards, of a value or of anything that counts a generation up, needs another one.
        let (plan, other) = (make(&world), world.wanted.clone().with("a", "edited"));
        let edited = world.wanted.get("a") != other.get("a") && plan.changes.iter().any(|change| change.path == "a");
        prop_assert!(!edited || plan.hash("u", 1, &other, None) != plan.hash("u", 1, &world.wanted, None));
        prop_assert_ne!(plan.hash("u", 1, &world.wanted, Some("used")), plan.hash("u", 1, &world.wanted, None));
        prop_assert_ne!(plan.hash("u", 2, &world.wanted, None), plan.hash("u", 1, &world.wanted, None));
        prop_assert_ne!(plan.hash("v", 1, &world.wanted, None), plan.hash("u", 1, &world.wanted, None));
    }

    #[test]
    fn reported_drift_is_not_put_back(mut world in world()) {
        (world.policy.correct_drift, world.settled) = (false, true);
        let plan = plan(&world);
        // What is done once and was begun is no drift: it goes on.
        let goes_on = plan.changes.iter().all(|change| is_begun(&world, change));
        prop_assert!(plan.action != Action::Update || !writes(&plan) || goes_on);
    }

    #[test]
    fn only_a_certain_absence_leads_to_a_create_or_to_letting_go(world in world(), deleting: bool) {
        let unknown = Found::<Seen<()>>::Unknown("it is late".to_owned());
        let found = if deleting { dispose(&world.situation(), &unknown) } else { converge(&world.situation(), &unknown) };
        prop_assert!(found.hold.is_some() && found.action == Action::Nothing, "{:#?}", found);

        let (found, plan) = (world.found(), plan(&world));
        prop_assert!(plan.action != Action::Create || world.identity != Identity::Run);
        prop_assert!(plan.action != Action::Run || world.identity == Identity::Run);
        if plan.action.makes() && plan.hold.is_none() {
            prop_assert_eq!(&found, &Found::Absent);
            // Nobody can tell whether a blind create of uncertain outcome left something; an id that we had is not made twice.
            prop_assert!(world.external_id.is_none());
            prop_assert!(world.identity != Identity::Blind || !world.uncertain);
        }
    }

    #[test]
    fn nothing_is_disposed_of_that_is_not_ours(world in world()) {
        let (found, plan) = (world.found(), dispose(&world.situation(), &world.found()));
        if !matches!(plan.action, Action::Disable | Action::Delete) {
            return Ok(());
        }
        prop_assert_eq!(plan.action == Action::Delete, world.policy.deletion == Deletion::Delete);
        let Found::Present(seen) = found else { panic!("nothing is there: {plan:#?}") };
        let key = |state: &State| state.get("key").cloned();
        prop_assert_eq!(key(&seen.state), key(&world.wanted));
        prop_assert!(world.external_id.as_ref() == Some(&seen.external_id) || (world.external_id.is_none() && world.announced));
    }

    #[test]
    fn somebody_elses_object_is_taken_over_only_with_leave(world in world()) {
        let plan = plan(&world);
        if let (Action::Adopt { external_id, claim }, None) = (&plan.action, &plan.hold) {
            let leave = match claim {
                Claim::Annotated => world.external_id.as_ref() == Some(external_id),
                Claim::Announced => world.announced,
                Claim::Revived => world.tombstone.as_ref() == Some(external_id),
                Claim::HandedOver => world.awaited.as_ref() == Some(external_id),
                Claim::Policy => world.policy.adopt,
            };
            prop_assert!(leave, "{:#?}", plan);
        }
        if let (Action::Update, None, Found::Present(seen)) = (&plan.action, &plan.hold, world.found()) {
            prop_assert_eq!(world.external_id.as_ref(), Some(&seen.external_id));
            prop_assert!(!world.first_sight);
        }
    }

    #[test]
    fn what_is_remembered_after_a_pass_asks_for_nothing_more(world in world()) {
        if let Found::Present(seen) = world.found() {
            let sent: BTreeMap<String, String> =
                world.wanted.iter().map(|(path, value)| (path.to_owned(), value.remembered())).collect();
            let after = World { remembered: remember(&world.fields, &world.wanted, &seen.state, &sent), ..world };
            for path in set_fields(&after, &seen) {
                prop_assert!(seen.state.get(&path).is_some(), "{} is hidden, and would be sent for ever", path);
            }
        }
    }
}
