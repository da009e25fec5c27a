//! Golden transcripts: stories of what clients do to a pool and what the engine does then, which a reader
//! can check by eye and which are replayed and compared.
//!
//! A file begins with a paragraph, in lines that begin with `#`, that says which rule it shows and why that
//! matters. Then come steps, each a command, `----`, and what follows from it, up to an empty line:
//!
//! ```text
//! # One bench is one client's at a time. …
//!
//! inventory
//!   resources:
//!     bench-1:
//! ----
//! revision 1: 1 resource; new: bench-1
//!
//! alice asks for bench-1
//! ----
//! alice (1) gets bench-1, fence 1
//!
//! bob (wait=10m) asks for bench-1
//! ----
//! bob (2) waits, place 1 of 1: bench-1 is held by alice (1)
//! ```
//!
//! [`Action`] lists the commands. While a story is replayed the [specification](crate::specification) goes
//! along in step, and [`World`] panics where the engine does something else.

mod command;
mod events;
mod overview;
mod words;
mod world;

pub use command::Action;
pub use world::World;

/// Between a command and what follows from it.
const RULE: &str = "----";

/// A story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// The paragraph at the top, without its `#`.
    pub introduction: String,
    /// What happens.
    pub steps: Vec<Step>,
}

/// One command, and what is expected to follow from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Remarks above the command, with their `#`.
    pub remarks: Vec<String>,
    /// The line of the file in which the command begins, counted from 1.
    pub line: usize,
    /// The command, with the indented lines that belong to it.
    pub command: String,
    /// What follows, a line each.
    pub expected: Vec<String>,
}

impl Scenario {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong, with the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut introduction = Vec::new();
        let mut steps = Vec::new();
        let mut remarks = Vec::new();
        let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
        while let Some((number, line)) = lines.next() {
            if let Some(remark) = line.strip_prefix('#') {
                let in_introduction = steps.is_empty() && remarks.is_empty();
                match (in_introduction, &mut introduction) {
                    (true, all) => all.push(remark.trim().to_owned()),
                    (false, _) => remarks.push(line.to_owned()),
                }
            } else if !line.trim().is_empty() {
                let mut command = vec![line.to_owned()];
                let block = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != RULE);
                command.extend(block.map(ToOwned::to_owned));
                let rest = lines.by_ref().map(|(_, line)| line).take_while(|line| !line.is_empty());
                let expected = rest.map(ToOwned::to_owned).collect();
                let (remarks, line) = (std::mem::take(&mut remarks), number);
                let step = Step { remarks, line, command: command.join("\n"), expected };
                steps.push(step.checked()?);
            }
        }
        if !remarks.is_empty() {
            return Err(format!("a remark at the end belongs to no command: {:?}", remarks[0]));
        }
        Ok(Self { introduction: introduction.join("\n"), steps })
    }

    /// Plays the story: what follows from each step.
    ///
    /// # Errors
    /// The line of a command that cannot be read or carried out, and why.
    ///
    /// # Panics
    /// Where the engine does something else than the specification.
    pub fn play(&self) -> Result<Vec<Vec<String>>, String> {
        let mut world = World::new();
        let play = |step: &Step| {
            // Shown if the world panics.
            println!("line {}: {}", step.line, step.command);
            let action: Result<Action, String> = step.command.parse();
            let told = action.and_then(|action| world.act(&action));
            told.map_err(|problem| format!("line {}: {:?}: {problem}", step.line, step.command))
        };
        self.steps.iter().map(play).collect()
    }

    /// Every step that led to something else than was expected: which, and a line for each line of either.
    #[must_use]
    pub fn differences(&self, told: &[Vec<String>]) -> String {
        let mut text = String::new();
        for (step, told) in self.steps.iter().zip(told) {
            if step.expected != *told {
                text.push_str(&format!("line {}, after:\n", step.line));
                step.command.lines().for_each(|line| text.push_str(&format!("      {line}\n")));
                text.push_str(&difference(&step.expected, told));
            }
        }
        text
    }

    /// The file with what follows from each step in the place of what was expected.
    #[must_use]
    pub fn rewritten(&self, told: &[Vec<String>]) -> String {
        let mut text = String::new();
        for line in self.introduction.lines() {
            text.push_str(format!("# {line}").trim_end());
            text.push('\n');
        }
        for (step, told) in self.steps.iter().zip(told) {
            text.push('\n');
            step.remarks.iter().for_each(|remark| text.push_str(&format!("{remark}\n")));
            text.push_str(&format!("{}\n{RULE}\n", step.command));
            told.iter().for_each(|line| text.push_str(&format!("{line}\n")));
        }
        text
    }
}

impl Step {
    /// An empty line inside of a command is a rule that was forgotten.
    fn checked(self) -> Result<Self, String> {
        let is_whole = self.command.lines().skip(1).all(|line| line.starts_with("  "));
        match is_whole {
            true => Ok(self),
            false => Err(format!(
                "line {}: after a command and its indented lines comes {RULE}; write that, and run with \
                 RESPO_SCENARIOS=rewrite to have what follows filled in",
                self.line
            )),
        }
    }
}

/// The lines of both, `-` before what was expected and did not come, `+` before what came instead.
fn difference(expected: &[String], told: &[String]) -> String {
    let same = expected.iter().zip(told).take_while(|(one, other)| one == other).count();
    let (mine, theirs) = (&expected[same..], &told[same..]);
    let backwards = mine.iter().rev().zip(theirs.iter().rev());
    let tail = backwards.take_while(|(one, other)| one == other).count();
    let (gone, came) = (&mine[..mine.len() - tail], &theirs[..theirs.len() - tail]);
    let marked = |mark: char, lines: &[String]| -> String {
        lines.iter().map(|line| format!("    {mark} {line}\n")).collect()
    };
    [
        marked(' ', &expected[..same]),
        marked('-', gone),
        marked('+', came),
        marked(' ', &mine[mine.len() - tail..]),
    ]
    .concat()
}
