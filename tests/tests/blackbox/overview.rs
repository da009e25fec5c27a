//! `GET /` in its three forms.

use respo::wire::ResourceState;
use tests::Daemon;
use tests::inventories::LAB;

/// An inventory whose every text would like to be markup.
const HOSTILE: &str = r#"
pool:
  name: "<script>alert('pool')</script>"
  resources:
    bench-1:
      location: "<img src=x onerror=alert('location')>"
      description: "</td></table><script>alert(\"description\")</script>"
      endpoint: "javascript:alert('endpoint')"
      attributes: ["<b>bold</b>", "a&amp;b"]
      entities:
        dut: {attributes: ["<i>italic</i>"]}
"#;

/// What a browser accepts.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[tokio::test]
async fn a_browser_gets_a_page_curl_a_table_and_programs_json() {
    let daemon = Daemon::start(LAB).await;
    for (accept, media_type) in [
        (BROWSER, "text/html"),
        ("text/html", "text/html"),
        ("*/*", "text/plain"),
        ("text/plain", "text/plain"),
        ("image/png", "text/plain"),
        ("application/json", "application/json"),
        ("application/json, */*;q=0.1", "application/json"),
        ("text/html;q=0.1, application/json", "application/json"),
        ("application/json;q=0, text/html", "text/html"),
    ] {
        let reply = daemon.send("GET", "/", &[("Accept", accept)]).await.expect_status(200);
        assert_eq!(reply.media_type(), media_type, "{accept}");
        assert!(reply.head.header_lists("vary", "accept"), "{:?}", reply.head);
        for name in ["bench-1", "bench-2", "bench-3", "bench-4", "office1", "office2"] {
            assert!(reply.text().contains(name), "{name} in {accept}");
        }
    }
    let without = daemon.send("GET", "/", &[]).await;
    assert_eq!(without.media_type(), "text/plain");
    let curl = tests::Program::curl().arg(daemon.url()).finish().await.expect_code(0);
    assert!(curl.stdout.contains("bench-1"), "{}", curl.stdout);
    assert!(!curl.stdout.contains('<') && !curl.stdout.contains('{'), "{}", curl.stdout);
}

#[tokio::test]
async fn every_form_shows_who_holds_what_for_what_and_how_many_wait() {
    let daemon = Daemon::start(LAB).await;
    let _holder = daemon.hold("resource=bench-1&name=ci-88&description=nightly%20run").await;
    let mut waiters = Vec::new();
    for name in ["anna", "bert", "cleo"] {
        let mut stream = daemon.lock(&format!("resource=bench-1&name={name}")).await;
        stream.expect_queued().await;
        waiters.push(stream);
    }
    let overview = daemon.overview().await;
    let bench = &overview.pools[0].resources[0];
    assert_eq!((bench.state, bench.queue), (ResourceState::Leased, 3));
    let lease = bench.lease.as_ref().unwrap();
    assert_eq!(lease.holder.as_ref().unwrap().as_str(), "ci-88");
    assert_eq!(lease.description.as_ref().unwrap().as_str(), "nightly run");
    assert!(lease.since <= overview.time);
    assert_eq!(overview.pools[0].resources[1].queue, 0);
    assert_eq!(overview.pools[0].waiting.len(), 3);

    for accept in ["text/plain", "text/html"] {
        let text = daemon.send("GET", "/", &[("Accept", accept)]).await.text();
        for shown in ["ci-88", "nightly run", "leased", "free", "anna", "bert", "cleo"] {
            assert!(text.contains(shown), "{shown} in {text}");
        }
    }
}

#[tokio::test]
async fn the_table_is_aligned() {
    let daemon = Daemon::start(LAB).await;
    let _holder = daemon.hold("resource=bench-1&name=a-rather-long-name-for-a-holder").await;
    let text = daemon.send("GET", "/", &[]).await.text();
    let column = |name: &str| {
        let line =
            text.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{text}"));
        (line.find("office"), line.find("leased").or(line.find("free")))
    };
    assert_eq!(column("bench-1").0, column("bench-4").0, "{text}");
    assert_eq!(column("bench-1").1, column("bench-4").1, "{text}");
}

#[tokio::test]
async fn hostile_texts_stay_texts() {
    let daemon = Daemon::start(HOSTILE).await;
    let evil = "%3Cscript%3Ealert('holder')%3C/script%3E%22'";
    let _holder = daemon.hold(&format!("name={evil}&description={evil}")).await;
    let mut waiter = daemon.lock(&format!("name={evil}&description={evil}")).await;
    waiter.expect_queued().await;

    let reply = daemon.send("GET", "/", &[("Accept", BROWSER)]).await.expect_status(200);
    let page = reply.text();
    let lower = page.to_lowercase();
    for tag in [
        "<script",
        "<img",
        "<b>bold",
        "<i>italic",
        "href=\"javascript:",
        "onerror=alert('location')>",
    ] {
        assert!(!lower.contains(tag), "{tag} in {page}");
    }
    for text in ["&lt;script&gt;", "&lt;img", "&lt;b&gt;bold", "a&amp;amp;b"] {
        assert!(page.contains(text), "{text} in {page}");
    }
    let policy = reply.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    // The other forms show it as it is, and say that they are no markup.
    assert_eq!(daemon.send("GET", "/", &[]).await.media_type(), "text/plain");
    assert_eq!(
        daemon.get("/").await.json()["pools"][0]["waiting"][0]["holder"],
        "<script>alert('holder')</script>\"'"
    );
}

#[tokio::test]
async fn the_waiting_are_shown_with_what_they_ask_for_as_a_query_that_can_be_sent_again() {
    let daemon = Daemon::start(LAB).await;
    let _all: Vec<_> =
        [daemon.hold("resource=bench-1").await, daemon.hold("resource=bench-2").await].into();
    let query = "location=office1&attributes=[can]&entities=[[arm64],[12v]]";
    let mut waiter = daemon.lock(query).await;
    waiter.expect_queued().await;
    let waiting = daemon.pool().await.waiting;
    assert_eq!((waiting[0].position, waiting[0].of, waiting[0].candidates_total), (1, 1, 1));
    let mut same = daemon.lock(&waiting[0].selector).await;
    assert_eq!(same.expect_queued().await.position, 2);
    let again = daemon.pool().await.waiting;
    assert_eq!(again[0].selector, again[1].selector);
}
