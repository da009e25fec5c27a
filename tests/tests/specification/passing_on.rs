//! Leases that pass to another holder, and guests.

use crate::story::{SECOND, Story, all, any, held_by, holder_of, one_of, renewed_every, tagged};
use respo::{Authority, Command, Label, RequestId, Rules, SessionId};
use tests::random_histories::{guest, token};

impl Story {
    fn allow(&mut self, id: u64, number: u64) -> String {
        let who = guest(number);
        let token = token(id, 100 + number).digest();
        self.command(Command::Allow { id: RequestId(id), by: holder_of(id), who, token })
    }
}

fn visitor(id: u64, number: u64) -> Authority {
    Authority::Token(token(id, 100 + number))
}

#[test]
fn the_new_holder_has_the_grace_period_to_come_and_the_old_token_is_void() {
    let mut story = Story::new("a");
    story.submit(1, held_by("ann", all([any(1)])));
    assert_eq!(story.pass_on(1, 0, "bob"), "1 is bob's");
    assert_eq!(story.resume(1, 1), "wrong_token");
    assert_eq!(story.end(1), "wrong_token");
    let by = Authority::Session(SessionId(1));
    assert_eq!(story.command(Command::End { id: RequestId(1), by }), "no_request");
    assert_eq!(story.close(1), "");
    let resume = Command::Resume { session: SessionId(2), token: token(1, 1) };
    assert_eq!(story.command(resume), "");
    assert_eq!(story.at(1000 * SECOND), "");
    assert_eq!(story.pass_on(1, 1, "cleo"), "1 is cleo's");
    assert_eq!(story.at(1060 * SECOND), "1 ends: orphaned", "nobody has come");
}

#[test]
fn a_lease_with_a_ttl_is_to_be_renewed_by_its_new_holder() {
    let mut story = Story::new("a");
    story.submit(1, renewed_every(90, all([any(1)])));
    assert_eq!(story.at(80 * SECOND), "");
    assert_eq!(story.pass_on(1, 0, "bob"), "1 is bob's");
    assert_eq!(story.renew(1, None), "wrong_token");
    assert_eq!(story.at(170 * SECOND), "1 ends: expired");
}

#[test]
fn only_leases_are_passed_on() {
    let mut story = Story::new("a");
    story.ask(1, &[any(1)]);
    story.ask(2, &[any(1)]);
    assert_eq!(story.pass_on(2, 0, "bob"), "not_granted");
    assert_eq!(story.pass_on(3, 0, "bob"), "no_request");
}

#[test]
fn a_lease_passes_to_nobody_who_has_enough() {
    let mut rules = Rules::default();
    rules.max_leases.per_holder = Some(1);
    let mut story = Story::with_rules("a b", rules);
    story.submit(1, held_by("ann", all([any(1)])));
    story.submit(2, held_by("bob", all([any(1)])));
    story.submit(1, held_by("ann", all([any(1)])));
    assert_eq!(story.pass_on(1, 0, "bob"), "over_limit");
    assert_eq!(story.pass_on(1, 0, "ann"), "1 is ann's", "that changes nothing");
    assert_eq!(story.end(2), "2 ends: released");
    assert_eq!(story.pass_on(1, 1, "bob"), "1 is bob's, 3 gets b");
}

#[test]
fn a_group_at_its_limit_may_pass_its_leases_round() {
    let mut rules = Rules::default();
    rules.max_leases.per_group = Some(1);
    rules.max_leases.per_holder = Some(5);
    let mut story = Story::with_rules("a", rules);
    story.submit(1, held_by("ann", tagged("group", "red", all([any(1)]))));
    assert_eq!(story.pass_on(1, 0, "bob"), "1 is bob's");
}

#[test]
fn the_former_holder_has_no_claim_to_the_rest_of_the_stack() {
    let mut story = Story::with_stacks("a b c d", &["a b c"]);
    story.ask(1, &[one_of("a")]);
    story.ask(1, &[one_of("d")]);
    assert_eq!(story.pass_on(1, 0, "bob"), "1 is bob's");
    assert_eq!(story.ask(1, &[one_of("b")]), "", "it is collateral of bob's lease");
    let resume = Command::Resume { session: SessionId(2), token: token(1, 1) };
    assert_eq!(story.command(resume), "");
    assert_eq!(story.ask(2, &[one_of("c")]), "4 gets c");
}

#[test]
fn what_is_split_by_passing_a_part_on_nobody_gets_the_rest_of() {
    let mut story = Story::with_stacks("a b c", &["a b c"]);
    story.ask(1, &[one_of("a")]);
    story.ask(1, &[one_of("b")]);
    story.pass_on(1, 0, "bob");
    assert_eq!(story.ask(1, &[one_of("c")]), "");
    let end = Command::End { id: RequestId(1), by: Authority::Administrator };
    assert_eq!(story.command(end), "1 ends: revoked, 3 gets c");
}

#[test]
fn guests_may_use_a_lease_and_not_give_it_away() {
    let mut story = Story::new("a b");
    story.submit(1, renewed_every(5, all([any(2)])));
    assert_eq!(story.allow(1, 7), "");
    let id = RequestId(1);
    let mut visit = |command: &dyn Fn(Authority) -> Command| story.command(command(visitor(1, 7)));
    assert_eq!(visit(&|by| Command::LookUp { id, by }), "found");
    assert_eq!(visit(&|by| Command::Renew { id, by, ttl: None }), "renewed until 5000000");
    let more = std::time::Duration::from_secs(1);
    let extended = "1 has until 6000000, renewed until 6000000";
    assert_eq!(visit(&|by| Command::Extend { id, by, more }), extended);
    let to = Label::new("cleo").unwrap();
    let digest = token(9, 9).digest();
    let transfer = |by| Command::Transfer { id, by, to: to.clone(), token: digest };
    assert_eq!(visit(&transfer), "guest_token");
    let allow = |by| Command::Allow { id, by, who: to.clone(), token: digest };
    assert_eq!(visit(&allow), "guest_token");
    assert_eq!(visit(&|by| Command::Disallow { id, by, who: guest(7) }), "guest_token");
    let resume = Command::Resume { session: SessionId(2), token: token(1, 107) };
    assert_eq!(story.command(resume), "wrong_token");
    let resources = vec![respo::Name::new("a").unwrap()];
    let by = visitor(1, 7);
    assert_eq!(story.command(Command::ReleasePart { id, by, resources }), "1 gives back a");
    assert_eq!(story.command(Command::End { id, by: visitor(1, 7) }), "1 ends: released");
}

#[test]
fn guests_come_and_go_sixteen_at_a_time() {
    let mut story = Story::new("a");
    story.ask(1, &[any(1)]);
    story.ask(2, &[any(1)]);
    assert_eq!(story.allow(2, 0), "not_granted");
    for number in 0..16 {
        assert_eq!(story.allow(1, number), "");
    }
    assert_eq!(story.allow(1, 16), "too_many_guests");
    assert_eq!(story.allow(1, 15), "", "again");
    let id = RequestId(1);
    let disallow = |who| Command::Disallow { id, by: holder_of(1), who };
    assert_eq!(story.command(disallow(guest(16))), "no_guest");
    assert_eq!(story.command(disallow(guest(3))), "");
    assert_eq!(story.command(Command::End { id, by: visitor(1, 3) }), "wrong_token");
    assert_eq!(story.allow(1, 16), "");
    story.pass_on(1, 0, "bob");
    let end = Command::End { id, by: visitor(1, 16) };
    assert_eq!(story.command(end), "wrong_token", "they were the former holder's guests");
}
