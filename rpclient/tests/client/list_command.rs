//! What `rpclient list` asks, and what it makes of the answer.

use std::process::{Output, Stdio};

use tokio::process::Command;

use crate::fake_respod::FakeRespod;
use crate::requests::RESOURCES;

/// Runs `rpclient list` with these arguments; the server answers with this list. Gives what it was asked.
async fn list(arguments: &[&str], answer: &str) -> (String, Output) {
    let server = FakeRespod::start().await;
    let output = Command::new(env!("CARGO_BIN_EXE_rpclient"))
        .arg("list")
        .args(arguments)
        .env("RESPO_URL", server.url())
        .env_remove("RESPO_POOL")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let serve = async {
        let exchange = server.request().await;
        let asked = exchange.head.lines().next().unwrap_or_default().to_owned();
        exchange.answer("200 OK", "application/json", answer).await;
        asked
    };
    let (asked, output) = tokio::join!(serve, output);
    (asked, output.unwrap())
}

#[tokio::test]
async fn all_words_are_one_selection_that_the_server_decides() {
    for (arguments, query) in [
        (&[][..], ""),
        (&["--pool", "lab"], "?pool=lab"),
        (&["location=office1", "+can"], "?location=office1&attributes=[can]"),
        (&["{jtag}", "gsm.operator=GTE"], "?entities=[[jtag]]&property=gsm.operator=GTE"),
        (&["where=name == 'a'", "--pool", "lab"], "?where=name%20==%20%27a%27&pool=lab"),
    ] {
        let (asked, output) = list(arguments, RESOURCES).await;
        assert_eq!(asked, format!("GET /v1/resources{query} HTTP/1.1"), "{arguments:?}");
        assert!(output.status.success());
    }
}

#[tokio::test]
async fn resources_of_several_pools_are_told_apart() {
    let (_, output) = list(&[], RESOURCES).await;
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "RESOURCE         STATE       LOCATION  ATTRIBUTES  ENTITIES\n\
         lab: bench-1     free        -         can         dut[arm64]\n\
         phones: phone-1  collateral  -         -           -\n"
    );
    let (_, output) = list(&["--json"], RESOURCES).await;
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let answer: serde_json::Value = serde_json::from_str(RESOURCES).unwrap();
    assert_eq!(json, answer["resources"]);
}

#[tokio::test]
async fn nothing_that_matches_has_an_exit_code_of_its_own() {
    let (_, output) = list(&["+laser"], r#"{"resources":[]}"#).await;
    assert_eq!(output.status.code(), Some(91));
    assert_eq!(output.stderr, b"rpclient: nothing matches\n");
}
