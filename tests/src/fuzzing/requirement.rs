//! Requirements in their text form.

use respo::{Request, Requirement};

use super::{has_hidden, text};

/// What is read is printed in one form, which reads back equal; a mistake is somewhere in the text, or at its
/// end.
///
/// # Panics
/// If not.
pub fn target(data: &[u8]) -> bool {
    let text = text(data);
    match text.parse::<Requirement>() {
        Ok(requirement) => {
            let printed = requirement.to_string();
            let again = printed.parse::<Requirement>();
            assert_eq!(again.as_ref(), Ok(&requirement), "{text:?} was printed as {printed:?}");
            assert_eq!(again.unwrap().to_string(), printed, "equal ones are printed alike");
            let request = Request::new(vec![requirement]);
            assert!(request.is_ok(), "{text:?} was read, but nobody can ask for it: {request:?}");
            true
        }
        Err(error) => {
            let columns = 1..=text.chars().count() + 1;
            assert!(columns.contains(&error.column), "{text:?}: {error}");
            assert!(!error.problem.is_empty());
            assert!(!has_hidden(&error.to_string()), "{text:?}: {error:?}");
            false
        }
    }
}
