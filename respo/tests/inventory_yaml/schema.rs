//! The JSON Schema is committed, and gives the same verdict as the reader.

use std::path::Path;

use jsonschema::Validator;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value};

use crate::{fixtures, path_of, problems};

/// What a schema cannot say, as it shows in the problems.
const BEYOND_A_SCHEMA: [&str; 8] = [
    "has the same id",
    "is already in the list",
    "is there twice",
    "has the same name",
    "the pool has no resource",
    "is already in the stack",
    "has the same resources",
    "is longer than the longest duration",
];

fn validator() -> Validator {
    jsonschema::validator_for(&respo::yaml::json_schema()).unwrap()
}

/// Whether the schema accepts the data in a YAML text.
fn accepts(validator: &Validator, yaml: &str) -> bool {
    serde_yaml::from_str::<Value>(yaml).is_ok_and(|data| validator.is_valid(&data))
}

#[test]
fn the_committed_schema_is_the_one_that_is_generated() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/inventory.schema.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        serde_json::from_str::<Value>(&committed).unwrap_or_default(),
        respo::yaml::json_schema(),
        "docs/inventory.schema.json is out of date; regenerate it:\n\
         cargo run -p respo --example inventory_schema > docs/inventory.schema.json\n"
    );
}

#[test]
fn the_schema_is_valid_by_its_own_draft() {
    let schema = respo::yaml::json_schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(jsonschema::meta::is_valid(&schema));
}

#[test]
fn the_schema_accepts_each_good_inventory() {
    let validator = validator();
    let examples = ["testbenches.yaml", "phones.yaml"].map(|name| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../respod/examples").join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    });
    for (path, text) in fixtures("good").into_iter().chain(examples) {
        let data: Value = serde_yaml::from_str(&text).unwrap();
        let errors: Vec<_> = validator.iter_errors(&data).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
    }
}

/// A file that a schema cannot refuse says why in a line that starts with `#?`.
#[test]
fn the_schema_refuses_each_bad_inventory_unless_it_says_why_not() {
    let validator = validator();
    for (path, text) in fixtures("bad") {
        let is_excused = text.lines().any(|line| line.starts_with("#? "));
        assert!(is_excused || !accepts(&validator, &text), "{}", path.display());
    }
}

/// Each line of `details.txt` is an inventory with at most one mistake, so that none hides another.
#[test]
fn the_schema_and_the_reader_agree_about_each_detail() {
    let validator = validator();
    let details = std::fs::read_to_string(path_of("details.txt")).unwrap();
    for line in details.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let [verdict, place, what] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let what = what
            .replace("128-LETTERS", &"x".repeat(128))
            .replace("129-LETTERS", &"x".repeat(129))
            .replace("1024-LETTERS", &"é".repeat(1024))
            .replace("1025-LETTERS", &"é".repeat(1025));
        let yaml = match place {
            "document" => what,
            "pool" => format!("pool: {{name: lab, resources: {{a: , b: , 1: }}, {what}}}"),
            "resource" => format!("pool: {{name: lab, resources: {{b: {{{what}}}}}}}"),
            "entity" => {
                format!("pool: {{name: lab, resources: {{b: {{entities: {{e: {{{what}}}}}}}}}}}")
            }
            _ => panic!("{line}"),
        };
        let expected = usize::from(verdict == "bad");
        assert_eq!(problems(&yaml).len(), expected, "{line}: {:#?}", problems(&yaml));
        assert_eq!(accepts(&validator, &yaml), verdict == "good", "the schema about {line}");
    }
}

/// A key, mostly one that belongs somewhere in an inventory.
fn any_key() -> impl Strategy<Value = String> {
    let known = vec![
        "pool",
        "pools",
        "name",
        "resources",
        "attributes",
        "tags",
        "location",
        "description",
        "endpoint",
        "entities",
        "properties",
        "stacks",
        "ephemeral",
        "hold_back_after",
        "max_leases",
        "max_resources",
        "group_tag",
        "per_holder",
        "per_group",
        "id",
    ];
    prop_oneof![
        8 => select(known).prop_map(str::to_owned),
        1 => "[a-z0-9]{1,3}",
        1 => "[ -~é\u{85}\u{2003}]{0,3}",
    ]
    .prop_filter("a merge key", |key| key != "<<")
}

fn any_scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => "[a-z]{1,3}".prop_map(Value::from),
        1 => "[ -~é\u{7f}\u{85}\u{a0}\u{2003}\u{2028}\u{feff}]{0,6}".prop_map(Value::from),
        1 => any::<char>().prop_map(|c| Value::from(c.to_string())),
        1 => any::<i16>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

/// A duration, or something near one.
fn any_duration() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => "([0-9]{1,3}(d|h|m|s|ms|us|x) ?){1,3}".prop_map(Value::from),
        1 => "[0-9 dhmsu]{0,6}".prop_map(Value::from),
        1 => any::<u32>().prop_map(Value::from),
        1 => any_scalar(),
    ]
}

/// Data of any shape, some of it near that of an inventory.
fn any_data() -> impl Strategy<Value = Value> {
    any_scalar().prop_recursive(6, 24, 4, |inner| {
        prop_oneof![
            1 => vec(inner.clone(), 0..4).prop_map(Value::Array),
            3 => vec((any_key(), inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn object(pairs: Vec<(&str, Option<Value>)>) -> Value {
    let pairs = pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(pairs.collect::<Map<_, _>>())
}

/// The usual value, and rarely anything else.
fn slip(usual: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop_oneof![30 => usual, 1 => any_data()].boxed()
}

fn maybe(usual: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Option<Value>> {
    proptest::option::of(slip(usual))
}

fn words() -> impl Strategy<Value = Value> {
    vec(slip(any_scalar()), 0..4).prop_map(Value::Array)
}

fn named(usual: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> {
    let name = prop_oneof![20 => "[a-z0-9./:_-]{1,4}", 1 => any_key()];
    let entries = vec((name, slip(usual)), 0..3);
    entries.prop_map(|entries| Value::Object(entries.into_iter().collect()))
}

fn near_resource() -> impl Strategy<Value = Value> {
    let attributes = || prop_oneof![words(), any_scalar()];
    let data = || any_data().prop_filter("a map", Value::is_object);
    let entity = (maybe(attributes()), maybe(data())).prop_map(|(attributes, properties)| {
        object(vec![("attributes", attributes), ("properties", properties)])
    });
    let parts = (maybe(data()), maybe(named(entity)));
    (maybe(attributes()), maybe(any_scalar()), maybe(any_scalar()), parts).prop_map(
        |(tags, location, description, (properties, entities))| {
            object(vec![
                ("tags", tags),
                ("location", location),
                ("description", description),
                ("properties", properties),
                ("entities", entities),
            ])
        },
    )
}

fn near_limits() -> impl Strategy<Value = Value> {
    let limit = || prop_oneof![any_scalar(), (1..9_u32).prop_map(Value::from)];
    (maybe(limit()), maybe(limit()))
        .prop_map(|(holder, group)| object(vec![("per_holder", holder), ("per_group", group)]))
}

fn near_pool() -> impl Strategy<Value = Value> {
    let rules = (
        maybe(any::<bool>().prop_map(Value::from)),
        maybe(any_duration()),
        maybe(near_limits()),
        maybe(near_limits()),
        maybe(any_scalar()),
        maybe(vec(slip(words()), 0..3).prop_map(Value::Array)),
    );
    (any_scalar(), maybe(named(near_resource())), rules).prop_map(
        |(name, resources, (ephemeral, hold_back_after, leases, most, tag, stacks))| {
            object(vec![
                ("name", Some(name)),
                ("resources", resources),
                ("ephemeral", ephemeral),
                ("hold_back_after", hold_back_after),
                ("max_leases", leases),
                ("max_resources", most),
                ("group_tag", tag),
                ("stacks", stacks),
            ])
        },
    )
}

/// An inventory of the right shape but for a value here and there.
fn near_inventory() -> impl Strategy<Value = Value> {
    prop_oneof![
        slip(near_pool()).prop_map(|pool| object(vec![("pool", Some(pool))])),
        vec(slip(near_pool()), 0..3)
            .prop_map(|pools| object(vec![("pools", Some(Value::Array(pools)))])),
    ]
}

proptest! {
    #[test]
    fn the_schema_and_the_reader_agree_about_any_data(
        data in prop_oneof![1 => any_data(), 3 => near_inventory()],
    ) {
        thread_local!(static VALIDATOR: Validator = validator());
        let schema_accepts = VALIDATOR.with(|validator| validator.is_valid(&data));
        // JSON text is YAML, but for characters that YAML wants escaped.
        let text: String = data.to_string().chars().map(|c| match c {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{feff}'..='\u{ffff}' => {
                format!("\\u{:04x}", u32::from(c))
            }
            _ => c.to_string(),
        }).collect();
        let mut problems = problems(&text);
        if schema_accepts {
            problems.retain(|it| !BEYOND_A_SCHEMA.iter().any(|what| it.problem.contains(what)));
        }
        prop_assert_eq!(schema_accepts, problems.is_empty(), "{} {:#?}", text, problems);
    }
}
