//! `respod --validate-schema` and `--print-schema`.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;
use tests::inventories::{LAB, ONE_BENCH, TWO_POOLS};
use tests::{Finished, Program, binaries};

/// Validates this text, from a file, and from stdin.
async fn validate(text: &str) -> [Finished; 2] {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("inventory.yaml"), text).unwrap();
    let respod = || Program::new(binaries::respod()).arg("--validate-schema");
    let from_file = respod().arg(folder.path().join("inventory.yaml")).finish().await;
    let from_stdin = respod().arg("-").input(text).finish().await;
    [from_file, from_stdin]
}

#[tokio::test]
async fn a_good_inventory_is_called_good() {
    let example = binaries::workspace().join("respod/examples/testbenches.yaml");
    let example = fs::read_to_string(example).expect("the example inventory");
    for text in [ONE_BENCH, LAB, TWO_POOLS, &example] {
        let [file, stdin] = validate(text).await;
        assert!(file.expect_code(0).stdout.contains("good"));
        let stdin = stdin.expect_code(0);
        assert!(stdin.stdout.starts_with("stdin: good"), "{}", stdin.stdout);
    }
}

#[tokio::test]
async fn the_inventory_of_the_documentation_is_good() {
    let text = r#"
pool:
  name: "software update testbenches"
  resources:
    resource1:
      attributes: ["a","b"]
      location: "office1"
      entities:
        programmer:
          attributes: ["c","d"]
          properties: {socket: 127.0.0.1:1234, api_key: xyz}
        dut:
          attributes: ["e","f"]
          properties: {socket: 127.0.0.1:4567, api_key: foobar}
    resource2:
      tags: "a, b c"
      description: nested properties of every kind
      endpoint: tcp://bench2:1
      entities:
        dut:
          properties: {list: [1, 2.5, true, null], map: {a: {b: c}}, text: "x"}
"#;
    for end in validate(text).await {
        end.expect_code(0);
    }
}

#[tokio::test]
async fn every_mistake_is_printed_with_its_place() {
    let text = "\
pool:
  name: lab
  colour: red
  resources:
    bench-1:
      attributes: [a, [b]]
      entities:
        dut:
          attributes: [e, 'f g']
          propertees: {}
    bench-1:
      location: ''
    bad name:
      description: [x]
";
    for (end, name) in validate(text).await.into_iter().zip(["inventory.yaml", "stdin"]) {
        let end = end.expect_code(1);
        let lines: Vec<&str> = end.stdout.lines().collect();
        for (place, path) in [
            (":3:", "pool.colour"),
            (":6:", "pool.resources.bench-1.attributes[1]"),
            (":9:", "pool.resources.bench-1.entities.dut.attributes[1]"),
            (":10:", "pool.resources.bench-1.entities.dut.propertees"),
            (":11:", "bench-1"),
            (":12:", "pool.resources.bench-1.location"),
            (":13:", "bad name"),
            (":14:", "description"),
        ] {
            let found = lines
                .iter()
                .any(|line| line.contains(&format!("{name}{place}")) && line.contains(path));
            assert!(found, "{name}{place} {path} in\n{}", end.stdout);
        }
        for line in &lines {
            assert!(line.contains("; "), "says what would be right: {line}");
        }
    }
}

#[tokio::test]
async fn each_kind_of_mistake_is_found() {
    let resource = |body: &str| format!("pool:\n  name: lab\n  resources:\n    r:\n      {body}\n");
    let long = "x".repeat(129);
    let deep = format!("pool: {}", "[".repeat(50_000));
    let deep_properties = resource(&format!(
        "entities: {{dut: {{properties: {{p: {}1{}}}}}}}",
        "[".repeat(500),
        "]".repeat(500)
    ));
    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for level in 1..40 {
        let alias = format!("*a{},", level - 1).repeat(10);
        bomb.push_str(&format!("a{level}: &a{level} [{alias}]\n"));
    }
    bomb.push_str("pool: *a39\n");
    let property_bomb = resource(
        "entities: {dut: {properties: {a: &a [1,2,3,4,5,6,7,8,9], b: &b [*a,*a,*a,*a,*a,*a,*a,*a], \
         c: &c [*b,*b,*b,*b,*b,*b,*b,*b], d: &d [*c,*c,*c,*c,*c,*c,*c,*c], \
         e: &e [*d,*d,*d,*d,*d,*d,*d,*d], f: &f [*e,*e,*e,*e,*e,*e,*e,*e], \
         g: &g [*f,*f,*f,*f,*f,*f,*f,*f], h: [*g,*g,*g,*g,*g,*g,*g,*g]}}}",
    );
    for (what, text) in [
        ("nothing", String::new()),
        ("only a comment", "# nothing\n".into()),
        ("null", "~".into()),
        ("a text", "hello".into()),
        ("a list", "- a\n".into()),
        ("no pool", "{}".into()),
        ("pool and pools", "pool: {name: a, resources: {}}\npools: []\n".into()),
        ("no pools", "pools: []".into()),
        (
            "two pools of one name",
            "pools: [{name: a, resources: {}}, {name: a, resources: {}}]".into(),
        ),
        ("no name", "pool: {resources: {}}".into()),
        ("an empty name", "pool: {name: '', resources: {}}".into()),
        ("a name of a wrong type", "pool: {name: [a], resources: {}}".into()),
        ("two documents", format!("{ONE_BENCH}---\n{ONE_BENCH}")),
        ("no YAML", "pool: [".into()),
        ("a tab", "pool:\n\tname: lab\n".into()),
        ("an unknown key", resource("colour: red")),
        ("a duplicate key", resource("location: a\n      location: b")),
        ("a duplicate resource", format!("{ONE_BENCH}    bench-1: {{}}\n")),
        ("a list of resources", "pool: {name: lab, resources: [a, b]}".into()),
        ("a resource that is a text", "pool: {name: lab, resources: {a: b}}".into()),
        ("a name that is too long", format!("pool: {{name: lab, resources: {{{long}: {{}}}}}}")),
        ("an empty resource name", "pool: {name: lab, resources: {'': {}}}".into()),
        ("an attribute with a blank", resource("attributes: ['a b']")),
        ("an empty attribute", resource("attributes: ['']")),
        ("attributes as a map", resource("attributes: {a: b}")),
        ("entities as a list", resource("entities: [dut]")),
        ("an entity that is a text", resource("entities: {dut: x}")),
        ("properties as a list", resource("entities: {dut: {properties: [a]}}")),
        ("an unknown alias", resource("location: *nowhere")),
        ("deep nesting", deep),
        ("deep properties", deep_properties),
        ("an alias bomb", bomb),
        ("an alias bomb in properties", property_bomb),
    ] {
        for end in validate(&text).await {
            assert_eq!(end.code, Some(1), "{what}: {end:?}");
            assert!(!end.stdout.trim().is_empty(), "{what}: it says what is wrong");
            assert!(!end.stderr.contains("panicked"), "{what}: {}", end.stderr);
        }
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_no_good() {
    let respod = || Program::new(binaries::respod()).arg("--validate-schema");
    let end = respod().arg("no-such-file.yaml").finish().await.expect_code(1);
    assert!(end.stdout.contains("no-such-file.yaml"), "{end:?}");
    respod().arg("/").finish().await.expect_code(1);
    respod().arg("/dev/null").finish().await.expect_code(1);
}

#[tokio::test]
async fn the_schema_that_is_printed_is_the_one_that_is_committed() {
    let end = Program::new(binaries::respod()).arg("--print-schema").finish().await.expect_code(0);
    let printed: Value = end.json();
    assert!(printed["$schema"].is_string(), "{printed}");
    let committed = binaries::workspace().join("docs/inventory.schema.json");
    let committed: Value = serde_json::from_str(&fs::read_to_string(committed).unwrap()).unwrap();
    assert_eq!(printed, committed);
}
