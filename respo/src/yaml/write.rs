//! Writing an inventory so that it reads back equal.

use super::shape::DocumentShape;
use crate::{Inventory, Label};

/// What ends a line for the writer, which follows YAML 1.1, but not for readers of YAML 1.2.
const OLD_LINE_ENDS: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];

/// Writes `pools` in block style; as JSON, which is YAML as well, in the rare case that a text has
/// [`OLD_LINE_ENDS`] in it and the writer has not put it in double quotes.
#[expect(
    clippy::expect_used,
    reason = "maps with text keys, lists, texts, numbers: all YAML and JSON"
)]
pub(super) fn to_yaml(pools: &[(Label, Inventory)]) -> String {
    let document = DocumentShape::new(pools);
    let yaml = serde_yaml::to_string(&document).expect("an inventory can be written as YAML");
    if !yaml.contains(OLD_LINE_ENDS) {
        return yaml;
    }
    let json = serde_json::to_string_pretty(&document).expect("it can be written as JSON");
    let mut yaml = escaped(&json);
    yaml.push('\n');
    yaml
}

/// Escapes what YAML allows in double quotes only as an escape, or reads as a line end. In JSON
/// text such characters occur nowhere but in double quotes.
fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => escaped.push(c),
        }
    }
    escaped
}
