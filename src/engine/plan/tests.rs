//! Tests of plans.

use super::*;
use crate::engine::diff::Shown;
use crate::engine::policy::{Adoption, Policy, effective};
use crate::engine::state::Access;

const FIELDS: &[Field] = &[
    Field { path: "label", access: Access::Immutable, key: true, group: "a" },
    Field { path: "colour", access: Access::Readable, key: false, group: "a" },
];

/// What a situation borrows from.
struct Ground {
    wanted: State,
    remembered: BTreeMap<String, String>,
    not_kept: BTreeMap<String, NotKept>,
    begun: BTreeMap<String, Begun>,
}

impl Ground {
    fn new() -> Self {
        let wanted = State::new().with("label", "x").with("colour", "Red");
        Self { wanted, remembered: BTreeMap::new(), not_kept: BTreeMap::new(), begun: BTreeMap::new() }
    }

    /// An object that was never looked at, of a Listed kind.
    fn situation(&self) -> Situation<'_> {
        Situation {
            identity: Identity::Listed,
            fields: FIELDS,
            policy: effective(&Policy::default(), &BTreeMap::new(), &[Deletion::Delete]),
            wanted: &self.wanted,
            remembered: &self.remembered,
            natural_key: "label x",
            id_form: "its id",
            external_id: None,
            first_sight: false,
            announced: false,
            uncertain: false,
            again: None,
            recreate: false,
            lag: Duration::from_secs(30),
            absent_for: Duration::ZERO,
            removed: false,
            awaited: None,
            tombstone: None,
            settled: false,
            reported: &[],
            not_kept: &self.not_kept,
            begun: &self.begun,
            last_approved: None,
            approved: None,
            uid: "u1",
            generation: 1,
        }
    }
}

fn seen(id: &str, colour: &str) -> Found<Seen<()>> {
    Found::Present(Seen::new(id, State::new().with("label", "x").with("colour", colour), ()))
}

/// The action's word, and the reason of its hold.
fn verdict(plan: &Plan) -> (&'static str, Option<Reason>) {
    (plan.action.word(), plan.hold.as_ref().map(|hold| hold.reason))
}

fn when_absent(at: &Situation<'_>) -> (&'static str, Option<Reason>) {
    verdict(&converge::<()>(at, &Found::Absent))
}

fn when_absent_and_going(at: &Situation<'_>) -> (&'static str, Option<Reason>) {
    verdict(&dispose::<()>(at, &Found::Absent))
}

/// What exists and cannot be read is taken up when it was announced, waited for otherwise, and deleted like anything else.
#[test]
fn what_cannot_be_read_is_neither_compared_nor_made_again() {
    let ground = Ground::new();
    let Found::Present(seen) = seen("7", "of another colour") else { unreachable!("it is present") };
    let unreadable = Found::Unreadable(seen);
    let known = Situation { external_id: Some("7"), ..ground.situation() };
    assert_eq!(verdict(&converge(&known, &unreadable)), ("Nothing", None));
    let announced = Situation { announced: true, uncertain: true, ..ground.situation() };
    assert_eq!(verdict(&converge(&announced, &unreadable)), ("Adopt", None));
    assert_eq!(verdict(&converge(&ground.situation(), &unreadable)), ("Adopt", Some(Reason::AlreadyExists)));
    let policy = Policy { adoption: Some(Adoption::IfExists), ..Policy::default() };
    let policy = effective(&policy, &BTreeMap::new(), &[Deletion::Delete]);
    assert_eq!(verdict(&converge(&Situation { policy, ..ground.situation() }, &unreadable)), ("Nothing", None));
    assert_eq!(verdict(&dispose(&known, &unreadable)), ("Delete", None));
}

const LATE: (&str, Option<Reason>) = ("Nothing", Some(Reason::AbsenceUnconfirmed));

#[test]
fn a_known_object_is_believed_gone_when_it_was_absent_twice() {
    let ground = Ground::new();
    for recreate in [false, true] {
        let once = Situation { external_id: Some("7"), recreate, ..ground.situation() };
        let twice = || Situation { absent_for: once.lag, external_id: Some("7"), recreate, ..ground.situation() };
        assert_eq!((when_absent(&once), when_absent_and_going(&once)), (LATE, LATE));
        assert_eq!(when_absent(&twice()).1, (!recreate).then_some(Reason::ExternalObjectGone));
        assert_eq!(when_absent(&twice()).0, "Create");
        assert_eq!(when_absent_and_going(&twice()), ("Release", None));
        // Who keeps keys unique, or is asked for the id itself, is believed at once.
        for identity in [Identity::Chosen, Identity::Blind] {
            let at = Situation { identity, external_id: Some("7"), recreate, ..ground.situation() };
            assert_eq!(when_absent(&at).1, (!recreate).then_some(Reason::ExternalObjectGone));
            assert_eq!(when_absent_and_going(&at), ("Release", None));
        }
    }
    // That we deleted it ourselves is no surprise.
    let removed = Situation { external_id: Some("7"), removed: true, ..ground.situation() };
    assert_eq!(when_absent_and_going(&removed), ("Release", None));
}

#[test]
fn an_uncertain_create_goes_on_as_the_identity_class_allows() {
    let ground = Ground::new();
    let at = |identity, waited: u64| Situation {
        identity,
        announced: true,
        uncertain: true,
        absent_for: Duration::from_secs(waited),
        ..ground.situation()
    };
    assert_eq!(when_absent(&at(Identity::Chosen, 0)), ("Create", None));
    assert_eq!(when_absent(&at(Identity::Listed, 29)), LATE);
    assert_eq!(when_absent(&at(Identity::Listed, 30)), ("Create", None));
    assert_eq!(when_absent(&at(Identity::Blind, 999)), ("Create", Some(Reason::CreateOutcomeUnknown)));
    assert_eq!(when_absent(&at(Identity::Run, 0)), ("Run", None), "the kind is asked");
    assert_eq!(when_absent_and_going(&at(Identity::Listed, 29)), LATE);
    assert_eq!(when_absent_and_going(&at(Identity::Listed, 30)), ("Release", None));
    assert_eq!(when_absent_and_going(&at(Identity::Blind, 999)), ("Nothing", Some(Reason::DeletionBlocked)));
    // Whoever is asked for an id is told what to write.
    let told = |plan: Plan| plan.hold.is_some_and(|hold| hold.message.contains("to its id as A/B"));
    let formed = Situation { id_form: "its id as A/B", ..at(Identity::Blind, 0) };
    assert!(told(converge(&formed, &Found::<Seen<()>>::Absent)) && told(dispose(&formed, &Found::<Seen<()>>::Absent)));
    // A step that was answered leaves nothing in doubt.
    let answered = Situation { uncertain: false, ..at(Identity::Blind, 0) };
    assert_eq!((when_absent(&answered), when_absent_and_going(&answered)), (("Create", None), ("Release", None)));
}

#[test]
fn only_the_awaited_id_is_handed_over() {
    let ground = Ground::new();
    let at = Situation { awaited: Some("7"), ..ground.situation() };
    let plan = converge(&at, &seen("7", "Red"));
    assert_eq!(plan.action, Action::Adopt { external_id: "7".to_owned(), claim: Claim::HandedOver });
    assert_eq!(plan.hold, None);
    assert_eq!(verdict(&converge(&at, &seen("8", "Red"))), ("Adopt", Some(Reason::AlreadyExists)));
}

#[test]
fn who_only_looks_takes_nothing_over() {
    let ground = Ground::new();
    let at = |awaited, external_id: Option<&'static str>, adopt| {
        let situation = ground.situation();
        let policy = Effective { management: Management::Observe, adopt, ..situation.policy };
        let first_sight = external_id.is_some();
        verdict(&converge(&Situation { policy, awaited, external_id, first_sight, ..situation }, &seen("7", "Blue")))
    };
    assert_eq!(at(Some("7"), None, false), ("Adopt", Some(Reason::AlreadyExists)));
    // Only compared.
    assert_eq!(at(None, Some("7"), false), ("Update", Some(Reason::Observed)));
    assert_eq!(at(Some("7"), None, true), ("Update", Some(Reason::Observed)));
}

#[test]
fn what_was_switched_off_is_switched_on_as_management_says() {
    let ground = Ground::new();
    let at = |management, approved| {
        let situation = ground.situation();
        let policy = Effective { management, ..situation.policy };
        let (external_id, tombstone) = (Some("7"), Some("7"));
        converge(&Situation { policy, external_id, tombstone, approved, ..situation }, &seen("7", "Blue"))
    };
    let plan = at(Management::Enforce, None);
    assert_eq!(plan.action, Action::Adopt { external_id: "7".to_owned(), claim: Claim::Revived });
    assert_eq!(plan.hold, None);
    assert_eq!(verdict(&at(Management::Plan, None)), ("Adopt", Some(Reason::AwaitingApproval)));
    let hash = plan.hash("u1", 1, &ground.wanted, None);
    assert_eq!(verdict(&at(Management::Plan, Some(&hash))), ("Adopt", None));
    assert_eq!(verdict(&at(Management::Observe, None)), ("Update", Some(Reason::Observed)));
}

#[test]
fn what_was_not_kept_is_told_until_one_of_the_two_changes() {
    let mut ground = Ground::new();
    let known = NotKept { sent: "\"Red\"".to_owned(), shown: "\"red\"".to_owned() };
    ground.not_kept.insert("colour".to_owned(), known);
    let at = Situation { external_id: Some("7"), ..ground.situation() };
    let plan = converge(&at, &seen("7", "red"));
    assert_eq!(verdict(&plan), ("Update", Some(Reason::NotKept)));
    assert_eq!(plan.changes[0].from, Shown::Plain("red".into()));
    assert_eq!(verdict(&converge(&at, &seen("7", "pink"))), ("Update", None));
    assert_eq!(verdict(&converge(&at, &seen("7", "Red"))), ("Nothing", None));
    let edited = Ground { wanted: State::new().with("label", "x").with("colour", "Blue"), ..ground };
    let at = Situation { external_id: Some("7"), ..edited.situation() };
    assert_eq!(verdict(&converge(&at, &seen("7", "red"))), ("Update", None));
}

#[test]
fn what_was_approved_and_begun_goes_on_first_and_alone() {
    let mark = |value: &str| Begun {
        attempt: "a.1".to_owned(),
        external_id: "7".to_owned(),
        wanted: BTreeMap::from([("colour".to_owned(), value.to_owned())]),
        recorded: None,
        credentials: None,
    };
    let begun = |value| Ground { begun: BTreeMap::from([("paint".to_owned(), mark(value))]), ..Ground::new() };
    let policy = |management, correct_drift| {
        let plain = effective(&Policy::default(), &BTreeMap::new(), &[Deletion::Delete]);
        Effective { management, correct_drift, ..plain }
    };
    let plan = |ground: &Ground, policy| {
        let at = Situation { external_id: Some("7"), settled: true, policy, ..ground.situation() };
        verdict(&converge(&at, &seen("7", "green")))
    };
    let same = begun("\"Red\"");
    assert_eq!(plan(&same, policy(Management::Plan, true)), ("Update", None));
    assert_eq!(plan(&same, policy(Management::Enforce, false)), ("Update", None), "that is no drift");
    assert_eq!(plan(&same, policy(Management::Observe, true)), ("Update", Some(Reason::Observed)));
    let other = begun("\"Blue\"");
    assert_eq!(plan(&other, policy(Management::Plan, true)), ("Update", Some(Reason::AwaitingApproval)));
    assert_eq!(plan(&other, policy(Management::Enforce, false)), ("Update", Some(Reason::DriftReported)));
}

#[test]
fn an_approval_binds_everything_and_is_good_for_one_time() {
    let ground = Ground::new();
    let plan = converge(&Situation { external_id: Some("7"), ..ground.situation() }, &seen("7", "red"));
    let other = converge(&Situation { external_id: Some("7"), ..ground.situation() }, &seen("7", "pink"));
    let hash = plan.hash("u1", 1, &ground.wanted, None);
    assert_eq!(hash, plan.hash("u1", 1, &ground.wanted, None));
    for different in [
        plan.hash("u2", 1, &ground.wanted, None),
        plan.hash("u1", 2, &ground.wanted, None),
        plan.hash("u1", 1, &State::new(), None),
        plan.hash("u1", 1, &ground.wanted, Some(&hash)),
        other.hash("u1", 1, &ground.wanted, None),
    ] {
        assert_ne!(different, hash);
    }
}
