use respo::{
    AttributeMatcher, Condition, Entity, EntityPattern, Inventory, Label, Matcher, Name,
    PropertyPath, PropertyValue, Resource, Selector, UnmatchedPart, Word,
};
use serde_json::{Value, json};

fn word(word: &str) -> Word {
    Word::new(word).unwrap()
}

fn entity(attribute: &str, properties: Value) -> Entity {
    Entity {
        attributes: [word(attribute)].into(),
        properties: serde_json::from_value(properties).unwrap(),
    }
}

fn phone(name: &str, location: &str, properties: Value, entities: Vec<Entity>) -> Resource {
    let mut resource = Resource::new(Name::new(name).unwrap());
    resource.location = Some(Label::new(location).unwrap());
    resource.properties = serde_json::from_value(properties).unwrap();
    let names = (0..).map(|n| Name::new(format!("e{n}")).unwrap());
    resource.entities = names.zip(entities).collect();
    resource
}

fn lab() -> Inventory {
    let one =
        json!({"gsm": {"operator": "QXZ-1"}, "slots": 2, "serial": "12", "circuits": ["a", 1]});
    let two = json!({"gsm": {"operator": "QXZ-2"}, "slots": 3, "serial": 12, "spare": true});
    Inventory::new([
        phone("one", "lab", one, vec![entity("dut", json!({"platform": "QXZ-3"}))]),
        phone("two", "lab", two, vec![entity("jtag", json!({"platform": "QXZ-4", "volt": 12}))]),
        phone("three", "attic", json!({}), vec![]),
    ])
    .unwrap()
}

fn with(mut selector: Selector, wanted: Value) -> Selector {
    for (path, value) in wanted.as_object().unwrap() {
        let path = PropertyPath::new(path).unwrap();
        selector.properties.insert(path, PropertyValue::of(value).unwrap());
    }
    selector
}

fn pattern(attribute: Option<&str>, wanted: Value) -> EntityPattern {
    let properties = with(Selector::any(), wanted).properties;
    EntityPattern { attributes: attribute.map(word).into_iter().collect(), properties }
}

fn unmatched(selector: &Selector) -> Vec<(&'static str, String, String)> {
    assert!(AttributeMatcher.candidates(selector, &lab()).is_empty(), "something matches");
    let parts = AttributeMatcher.unmatched(selector, &lab());
    // What stands in the inventory, but not in any of the selectors here.
    assert!(parts.iter().all(|part| !format!("{part:?}").contains("QXZ")), "{parts:?}");
    parts
        .into_iter()
        .map(|UnmatchedPart { part, value, detail, .. }| (part, value, detail))
        .collect()
}

fn one(part: &'static str, value: &str, detail: &str) -> Vec<(&'static str, String, String)> {
    vec![(part, value.to_owned(), detail.to_owned())]
}

#[test]
fn a_property_that_no_resource_has_is_named() {
    let cases = [
        (
            json!({"gsm.operator": "GTE"}),
            "gsm.operator=\"GTE\"",
            "no resource has gsm.operator = \"GTE\"",
        ),
        (json!({"gsm.imei": 1}), "gsm.imei=1", "no resource has a property gsm.imei"),
        (
            json!({"slots": "2"}),
            "slots=\"2\"",
            "no resource has slots = \"2\"; \"2\" is a text here, and a number there",
        ),
        (
            json!({"spare": "true"}),
            "spare=\"true\"",
            "no resource has spare = \"true\"; \"true\" is a text here, and a truth value there",
        ),
        (
            json!({"slots": "two"}),
            "slots=\"two\"",
            "no resource has slots = \"two\"; it is a text here, and a number there",
        ),
        (
            json!({"gsm": "GTE"}),
            "gsm=\"GTE\"",
            "no resource has gsm = \"GTE\"; it is a text here, and a map there",
        ),
        (json!({"serial": 13}), "serial=13", "no resource has serial = 13"),
        (
            json!({"circuits": ["a", "z"]}),
            "circuits=[\"a\",\"z\"]",
            "no resource has all of [\"a\",\"z\"] in circuits",
        ),
        (
            json!({"circuits": ["a", "1"]}),
            "circuits=[\"1\",\"a\"]",
            "no resource has all of [\"1\",\"a\"] in circuits; \"1\" is a text here, and a number there",
        ),
        (
            json!({"circuits": "a"}),
            "circuits=\"a\"",
            "no resource has circuits = \"a\"; it is a text here, and a list there",
        ),
        (
            json!({"slots": 2, "serial": 12}),
            "serial=12,slots=2",
            "no resource has all of the properties serial=12,slots=2",
        ),
    ];
    for (wanted, value, detail) in cases {
        assert_eq!(unmatched(&with(Selector::any(), wanted)), one("properties", value, detail));
    }
}

#[test]
fn every_property_that_no_resource_has_is_named() {
    let parts = unmatched(&with(Selector::any(), json!({"a": 1, "slots": 2, "z": 1})));
    let values: Vec<&str> = parts.iter().map(|(_, value, _)| value.as_str()).collect();
    assert_eq!(values, ["a=1", "z=1"]);
    let many: Value =
        (0..40).map(|n| (format!("p{n}"), json!(1))).collect::<serde_json::Map<_, _>>().into();
    assert_eq!(unmatched(&with(Selector::any(), many)).len(), 16);
}

#[test]
fn what_it_is_about_a_pattern_that_no_entity_has_is_named() {
    let cases = [
        (
            pattern(Some("relay"), json!({})),
            "[relay]",
            "no resource has an entity with all of [relay]",
        ),
        (
            pattern(None, json!({"platform": "ios"})),
            "platform=\"ios\"",
            "no entity has platform = \"ios\"",
        ),
        (pattern(Some("dut"), json!({"imei": 1})), "imei=1", "no entity has a property imei"),
        (
            pattern(Some("jtag"), json!({"volt": "12"})),
            "volt=\"12\"",
            "no entity has volt = \"12\"; \"12\" is a text here, and a number there",
        ),
        (
            pattern(Some("dut"), json!({"volt": 12})),
            "[dut,volt=12]",
            "no resource has an entity with all of [dut,volt=12]",
        ),
    ];
    for (pattern, value, detail) in cases {
        assert_eq!(
            unmatched(&Selector::any().with_entities([pattern])),
            one("entities", value, detail)
        );
    }
}

#[test]
fn equal_patterns_are_named_once_wherever_they_stand() {
    let [a, b] = [pattern(Some("relay"), json!({})), pattern(Some("usb"), json!({}))];
    let parts = unmatched(&Selector::any().with_entities([a.clone(), b, a]));
    let values: Vec<&str> = parts.iter().map(|(_, value, _)| value.as_str()).collect();
    assert_eq!(values, ["[relay]", "[usb]"]);
    let [dut, volt] = [pattern(Some("dut"), json!({})), pattern(None, json!({"volt": 12}))];
    let together = "no resource has a different entity for each of [[volt=12],[dut]]";
    let selector = Selector::any().with_entities([volt, dut]);
    assert_eq!(unmatched(&selector), one("entities", "[[volt=12],[dut]]", together));
}

fn where_(text: &str) -> Selector {
    Selector { condition: Some(Condition::new(text).unwrap()), ..Selector::any() }
}

#[test]
fn a_condition_that_nothing_satisfies_is_named() {
    let slots = "properties.slots > 3";
    assert_eq!(
        unmatched(&where_(slots)),
        one("where", slots, "no resource satisfies properties.slots > 3")
    );
    let at_lab = Selector { location: Some(Label::new("lab").unwrap()), ..where_(slots) };
    let detail =
        "none of the 2 resources that everything else leaves satisfies properties.slots > 3";
    assert_eq!(unmatched(&at_lab), one("where", slots, detail));
    let named = Selector { names: [Name::new("one").unwrap()].into(), ..where_(slots) };
    let detail =
        "the one resource that everything else leaves does not satisfy properties.slots > 3";
    assert_eq!(unmatched(&named), one("where", slots, detail));
    // Where nothing is left, it is not to blame.
    let nowhere = Selector { location: Some(Label::new("moon").unwrap()), ..where_(slots) };
    assert_eq!(unmatched(&nowhere), one("location", "moon", "no resource is at location \"moon\""));
}

#[test]
fn a_condition_that_can_be_evaluated_for_no_resource_says_why() {
    let text = "properties.gsm.oprator == \"GTE\"";
    let at_lab = Selector { location: Some(Label::new("lab").unwrap()), ..where_(text) };
    let detail = format!(
        "none of the 2 resources that everything else leaves satisfies {text}; \
         it cannot be evaluated for any of them, first for one: there is no \"oprator\""
    );
    assert_eq!(unmatched(&at_lab), one("where", text, &detail));
    let secret = where_("properties[properties.gsm.operator] == 1");
    assert!(unmatched(&secret)[0].2.ends_with("first for one: a key is not there"));
}

#[test]
fn a_condition_that_is_too_expensive_matches_nothing_and_says_what_to_do() {
    let many: Vec<u32> = (0..200).collect();
    let resources = (0..400).map(|n| {
        let location = if n == 7 { "attic" } else { "lab" };
        phone(&format!("r{n}"), location, json!({"list": many}), vec![])
    });
    let inventory = Inventory::new(resources).unwrap();
    let text = "properties.list.exists(x, properties.list.exists(y, x + y == 3))";
    assert_eq!(AttributeMatcher.candidates(&where_(text), &inventory), []);
    let parts = AttributeMatcher.unmatched(&where_(text), &inventory);
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].part, "where");
    let detail = format!(
        "the condition {text} is too expensive for 400 resources; ask for a location or attributes as well, \
         so that it need not look at so many, or leave out loops"
    );
    assert_eq!(parts[0].detail, detail);
    let narrowed = Selector { location: Some(Label::new("attic").unwrap()), ..where_(text) };
    assert_eq!(AttributeMatcher.candidates(&narrowed, &inventory).len(), 1);
}

#[test]
fn in_an_empty_inventory_that_is_said() {
    let parts = AttributeMatcher.unmatched(&where_("true"), &Inventory::default());
    assert_eq!(parts[0].detail, "the inventory is empty");
}
