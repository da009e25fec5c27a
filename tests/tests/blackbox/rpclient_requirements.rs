//! `rpclient lock` for several things at once: how they are asked for, and what the command gets.

use nix::sys::signal::Signal;
use respo::wire::GrantedLease;
use tests::inventories::{LAB, WIRED_PHONES, benches};
use tests::{Daemon, Program};

/// Runs `rpclient lock` with these arguments, and gives what its command prints.
async fn leased(daemon: &Daemon, arguments: &[&str], script: &str) -> String {
    Program::lock(daemon, arguments, script).finish().await.expect_code(0).stdout
}

#[tokio::test]
async fn each_argument_is_a_requirement_and_all_are_granted_together() {
    let daemon = Daemon::start(WIRED_PHONES).await;
    for (arguments, names) in [
        (&["phone-3", "phone-1"][..], "phone-3 phone-1"),
        (&["phone-3,phone-4"], "phone-3"),
        (&["2 +phone location=lab2"], "phone-3 phone-4"),
        (&["2 of phone-4,relay-1"], "phone-4 relay-1"),
        (&["+relay @cell", "+phone version=15 @cell"], "relay-1 phone-2"),
        (&["{prepaid operator=PTT}", "where=properties.platform == 'ios'"], "phone-2 phone-4"),
        (&["radios=[lte,nr]"], "phone-1"),
        (&["2 +phone", "--location", "lab2", "--attributes", "lte"], "phone-3 phone-4"),
    ] {
        let printed = leased(&daemon, arguments, "echo $RESPO_RESOURCES").await;
        let mut printed: Vec<&str> = printed.split_whitespace().collect();
        let mut expected: Vec<&str> = names.split(' ').collect();
        // Which of equals is granted first is not a matter of this test.
        if arguments.len() == 1 || arguments.contains(&"--location") {
            printed.sort_unstable();
            expected.sort_unstable();
        }
        if arguments == ["phone-3,phone-4"] {
            assert!(printed == ["phone-3"] || printed == ["phone-4"], "{printed:?}");
        } else {
            assert_eq!(printed, expected, "{arguments:?}");
        }
    }
    daemon.expect_idle().await;
}

#[tokio::test]
async fn the_command_finds_each_of_several_resources_by_its_number() {
    let daemon = Daemon::start(WIRED_PHONES).await;
    let end = Program::lock(&daemon, &["relay-1", "phone-1"], "env; cat $RESPO_LEASE_FILE >&2");
    let end = end.finish().await.expect_code(0);
    for line in [
        "RESPO_RESOURCE=relay-1",
        "RESPO_RESOURCES=relay-1 phone-1",
        "RESPO_1_RESOURCE=relay-1",
        "RESPO_1_RESOURCE_CHANNELS=2",
        "RESPO_2_RESOURCE=phone-1",
        "RESPO_2_RESOURCE_PLATFORM=android",
        "RESPO_2_SIM_OPERATOR=GTE",
    ] {
        assert!(end.stdout.lines().any(|it| it == line), "{line} in {}", end.stdout);
    }
    assert!(!end.stdout.contains("RESPO_SIM_OPERATOR"), "{}", end.stdout);
    assert!(end.stderr.contains("leased relay-1 and phone-1 (lease 1, fence 1)"), "{}", end.stderr);

    let json = end.stderr.split_once("\n{").map(|(_, json)| format!("{{{json}")).unwrap();
    let lease: GrantedLease = serde_json::from_str(&json).expect("a lease");
    assert!(lease.resource.is_none());
    let names: Vec<Vec<&str>> = lease
        .resources
        .iter()
        .map(|resources| resources.iter().map(|it| it.name.as_str()).collect())
        .collect();
    assert_eq!(names, [["relay-1"], ["phone-1"]]);
}

#[tokio::test]
async fn of_one_resource_the_properties_have_no_number() {
    let daemon = Daemon::start(WIRED_PHONES).await;
    let printed = leased(&daemon, &["{prepaid operator=GTE}"], "env; cat $RESPO_LEASE_FILE").await;
    for line in [
        "RESPO_RESOURCE=phone-1",
        "RESPO_RESOURCES=phone-1",
        "RESPO_RESOURCE_PLATFORM=android",
        "RESPO_SIM_OPERATOR=GTE",
    ] {
        assert!(printed.lines().any(|it| it == line), "{line} in {printed}");
    }
    assert!(!printed.contains("RESPO_1_"), "{printed}");
    let json = printed.split_once("\n{").map(|(_, json)| format!("{{{json}")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).expect("a lease");
    assert_eq!(json["resource"]["pairing"], serde_json::json!(["sim"]));
    assert_eq!(json["resources"][0][0]["pairing"], serde_json::json!(["sim"]));
}

#[tokio::test]
async fn keys_that_are_in_no_inventory_exist_while_they_are_held() {
    let daemon = Daemon::start("pool:\n  name: keys\n  ephemeral: true\n").await;
    let arguments = ["2 of usb-1,usb-2,usb-3", "--tag", "colour=red"];
    let mut lock = Program::lock(&daemon, &arguments, "env; cat").open_input().start();
    lock.expect_stdout("RESPO_1_RESOURCE_COLOUR=red\n").await;
    lock.expect_stdout("RESPO_2_RESOURCE_COLOUR=red\n").await;
    assert_eq!(daemon.pool().await.resources.len(), 2);
    lock.end_input();
    lock.finish().await.expect_code(0);
    assert!(daemon.pool().await.resources.is_empty());
}

#[tokio::test]
async fn without_a_command_each_name_is_on_a_line_of_its_own() {
    let daemon = Daemon::start(WIRED_PHONES).await;
    let hold = Program::rpclient(&daemon).args(["lock", "relay-1", "phone-1"]).start();
    hold.expect_stdout("relay-1\nphone-1\n").await;
    hold.signal(Signal::SIGTERM);
    hold.finish().await.expect_code(0);
    let hold = Program::rpclient(&daemon).args(["--json", "lock", "relay-1", "phone-1"]).start();
    hold.expect_stdout("\n}\n").await;
    let lease: serde_json::Value = serde_json::from_str(&hold.stdout()).unwrap();
    assert_eq!(lease["resources"][1][0]["name"], "phone-1");
    assert_eq!((lease.get("resource"), lease.get("token")), (None, None));
}

#[tokio::test]
async fn a_mistake_in_a_requirement_is_shown_where_it_is() {
    let daemon = Daemon::start(LAB).await;
    for (arguments, caret, hint) in [
        (&["bench 1"][..], "  bench 1\n        ^\n", "a count comes first"),
        (
            &["bench-1", "location=büro 2"],
            "  location=büro 2\n                ^\n",
            "cannot read requirement 2",
        ),
        (&["bench-1 bench-2"], "  bench-1 bench-2\n          ^\n", "one of several is written a,b"),
        (&["2 of"], "      ^\n", "2 of a,b,c"),
        (&["where=name =="], "       ^\n", "ends too early"),
        (&[""], "  \n  ^\n", "it is empty"),
    ] {
        let end = Program::lock(&daemon, arguments, "echo ran").finish().await.expect_code(2);
        let said = end.stderr.replace("rpclient: ", "");
        assert!(said.contains(caret) && said.contains(hint), "{arguments:?}: {}", end.stderr);
        assert_eq!(end.stdout, "");
    }
}

#[tokio::test]
async fn what_cannot_stand_together_is_refused_as_wrong_usage() {
    let daemon = Daemon::start(LAB).await;
    for (arguments, hint) in [
        (
            &["bench-1", "bench-2", "--location", "office1"][..],
            "single requirement, and here are 2",
        ),
        (&["1 of a,b", "--attributes", "can"], "list of keys"),
        (&["bench-1", "--resource", "bench-2"], "written a,b"),
        (&["1 of a", "1 of a"], "requirement 2: the key a is in another requirement already"),
        (&["200", "200"], "at most 256 resources"),
        (&["bench-1", "--request", "-"], "cannot be used with"),
        (&["--location", "a", "--request", "-"], "cannot be used with"),
    ] {
        let end = Program::lock(&daemon, arguments, "echo ran").finish().await.expect_code(2);
        assert!(end.stderr.contains(hint), "{arguments:?}: {}", end.stderr);
        assert_eq!(end.stdout, "");
    }
    daemon.expect_idle().await;
}

#[tokio::test]
async fn who_may_mean_one_resource_gets_a_hint_and_what_was_said() {
    let daemon = Daemon::start(LAB).await;
    let old = ["location=office1", "attributes=can"];
    let end = Program::lock(&daemon, &old, "echo $RESPO_RESOURCES").finish().await.expect_code(0);
    assert_eq!(end.stdout.split_whitespace().count(), 2, "{}", end.stdout);
    assert!(
        end.stderr.contains("hint: each argument is a requirement of its own"),
        "{}",
        end.stderr
    );
    assert!(end.stderr.contains("'location=office1 attributes=can'"), "{}", end.stderr);

    let quiet = [&old[..], &["--quiet"]].concat();
    assert_eq!(Program::lock(&daemon, &quiet, "true").finish().await.expect_code(0).stderr, "");
    let new = ["location=office1 +can", "location=office2 +can"];
    let end = Program::lock(&daemon, &new, "true").finish().await.expect_code(0);
    assert!(!end.stderr.contains("hint"), "{}", end.stderr);
}

#[tokio::test]
async fn what_can_never_be_had_names_the_requirement() {
    let daemon = Daemon::start(LAB).await;
    let arguments = ["bench-1", "location=office1 +laser", "location=moon"];
    let end = Program::lock(&daemon, &arguments, "echo ran").finish().await.expect_code(91);
    for line in ["requirement 2: no resource has the attribute \"laser\"", "requirement 3: "] {
        assert!(end.stderr.contains(line), "{line} in {}", end.stderr);
    }
    let end = Program::lock(&daemon, &["5"], "echo ran").finish().await.expect_code(91);
    assert!(!end.stderr.contains("requirement 1"), "there is but one: {}", end.stderr);
}

#[tokio::test]
async fn who_does_not_want_to_wait_is_told_who_has_what_is_missing() {
    let daemon = Daemon::start(&benches(3)).await;
    let _holder = daemon.hold("resource=bench-2&name=alice").await;
    let end = Program::lock(&daemon, &["3", "--no-wait"], "echo ran").finish().await;
    let end = end.expect_code(90);
    assert!(end.stderr.contains("bench-2 is held by alice since"), "{}", end.stderr);
    assert!(!end.stderr.contains("bench-1 is"), "it is free: {}", end.stderr);
}
