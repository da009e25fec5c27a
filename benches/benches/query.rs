//! Reading requests, in each of the forms in which they are written.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that goes wrong must stop")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use respo::condition::Condition;
use respo::{LockQuery, Request};

fn query_strings(criterion: &mut Criterion) {
    let queries = [
        ("short", "resource=bench-1"),
        (
            "long",
            "location=office1&attributes=[can,lin]&entities=[[jtag],[arm64,linux]]\
             &priority=5&description=nightly%20update&name=ci-88&wait=10m&max_duration=1h",
        ),
        (
            "compound",
            "requirement=2%20location%3Doffice1%20%2Bcan&requirement=relay-1%20@cell&name=ci-88",
        ),
    ];
    let mut group = criterion.benchmark_group("parse a query");
    for (name, query) in queries {
        assert!(LockQuery::parse(query).is_ok(), "{name}");
        group.bench_function(name, |bencher| bencher.iter(|| LockQuery::parse(black_box(query))));
    }
    group.finish();
}

fn json(criterion: &mut Criterion) {
    let bodies = [
        ("short", r#"{"requirements":[{"resource":"bench-1"}],"ttl":"60s"}"#),
        (
            "long",
            r#"{"requirements":[{"count":2,"location":"office1","attributes":["can","lin"],
                "entities":[{"attributes":["jtag"]},{"attributes":["arm64","linux"]}],
                "properties":{"os":{"name":"linux"}}},{"resource":"relay-1","stack":"cell"},
                {"attributes":["phone"],"stack":"cell","where":"properties.ram >= 8"}],
                "priority":5,"description":"nightly update","name":"ci-88","wait":"10m",
                "max_duration":"1h","tags":{"pipeline":"main"}}"#,
        ),
    ];
    let mut group = criterion.benchmark_group("parse a body");
    for (name, body) in bodies {
        assert!(Request::from_json(body.as_bytes()).is_ok(), "{name}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| Request::from_json(black_box(body.as_bytes())));
        });
    }
    group.finish();
}

fn conditions(criterion: &mut Criterion) {
    let text = "\"can\" in attributes && properties.ram >= 8 && size(entities) > 1";
    assert!(Condition::new(text).is_ok());
    criterion.bench_function("parse a condition", |bencher| {
        bencher.iter(|| Condition::new(black_box(text)));
    });
}

criterion_group!(query, query_strings, json, conditions);
criterion_main!(query);
