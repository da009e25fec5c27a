//! Inventories as YAML, and descriptors of rent-a-bot.

use respo::yaml::{InventoryDocument, InventoryProblem, InventoryProblems, MAX_PROBLEMS};

use super::has_hidden;

/// What is read is written as YAML that reads back equal; mistakes are listed in the order of the file, a line
/// for each.
///
/// # Panics
/// If not.
pub fn target(data: &[u8]) -> bool {
    match InventoryDocument::decode(data).and_then(InventoryDocument::parse_any) {
        Ok(document) => {
            assert!(!document.pools.is_empty());
            let written = document.to_yaml();
            match InventoryDocument::parse(&written) {
                Ok(again) => assert_eq!(again.pools, document.pools, "{written}"),
                Err(problems) => panic!("{problems}\n{written}"),
            }
            true
        }
        Err(problems) => {
            check_problems(&problems);
            false
        }
    }
}

fn check_problems(problems: &InventoryProblems) {
    assert!((1..=MAX_PROBLEMS + 1).contains(&problems.0.len()));
    let message = problems.to_string();
    assert_eq!(message.lines().count(), problems.0.len(), "{message:?}");
    assert!(!has_hidden(&message), "{message:?}");
    let place = |problem: &InventoryProblem| (problem.line, problem.column);
    assert!(problems.0.is_sorted_by_key(place), "{message}");
}
