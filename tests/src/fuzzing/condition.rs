//! Conditions in the Common Expression Language.

use std::sync::LazyLock;

use respo::yaml::InventoryDocument;
use respo::{AttributeMatcher, Condition, Inventory, Matcher, Resource, Selector};

use super::{has_hidden, text};

/// Something of everything, much of one thing, and nothing at all.
const RESOURCES: &str = r#"
pool:
  name: lab
  resources:
    bench-1:
      location: office1
      description: by the window
      endpoint: "https://bench-1.example"
      attributes: [can, lin, usb]
      properties:
        {ram: 8, share: 0.5, whole: 2.0, huge: 18446744073709551615, small: -9223372036854775808,
         spare: true, nothing: null, gsm: {operator: GTE, slots: [1, 2]}, circuits: [a, b, c],
         a.b: dotted, "": empty, deep: [[[[[[1]]]]]], mixed: [1, "1", 1.0, true, null, {}, []]}
      entities:
        dut: {attributes: [jtag, arm64], properties: {platform: android, serial: "12"}}
        power: {attributes: [relay], properties: {volt: 12}}
    bench-2:
      properties:
        text: &text "äöü🦀 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789"
        texts: &texts [*text, *text, *text, *text, *text, *text, *text, *text, *text, *text]
        more: [*texts, *texts, *texts, *texts, *texts, *texts, *texts, *texts, *texts, *texts]
    bench-3:
"#;

static LAB: LazyLock<Inventory> =
    LazyLock::new(|| InventoryDocument::parse(RESOURCES).unwrap().pools.remove(0).1);

/// A condition is compiled or refused readably, and true or false of a resource, or refused readably; the
/// same each time, and the same for the matcher.
///
/// # Panics
/// If not.
pub fn target(data: &[u8]) -> bool {
    let text = text(data);
    let condition = match Condition::new(&text) {
        Ok(condition) => condition,
        Err(error) => {
            assert!(!error.problem.is_empty());
            assert!(!has_hidden(&error.problem), "{text:?}: {error:?}");
            return false;
        }
    };
    assert_eq!(condition.to_string(), text);
    let again = Condition::new(condition.as_str()).unwrap();
    let accepted: Vec<&Resource> = LAB
        .resources()
        .iter()
        .map(|resource| &**resource)
        .filter(|resource| {
            let answer = condition.accepts(resource);
            assert_eq!(answer, again.accepts(resource), "{text:?} of {}", resource.name);
            if let Err(problem) = &answer {
                assert!(!problem.is_empty() && !has_hidden(problem), "{text:?}: {problem:?}");
            }
            answer == Ok(true)
        })
        .collect();
    let selector = Selector { condition: Some(condition), ..Selector::any() };
    let candidates = AttributeMatcher.candidates(&selector, &LAB);
    let matched: Vec<&Resource> =
        candidates.into_iter().map(|index| &**LAB.at(index).unwrap()).collect();
    assert_eq!(matched, accepted, "{text:?}");
    if accepted.is_empty() {
        assert!(!AttributeMatcher.unmatched(&selector, &LAB).is_empty(), "{text:?}");
    }
    true
}
