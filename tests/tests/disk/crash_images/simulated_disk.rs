//! A disk that loses what was not synchronized.

use std::collections::BTreeMap;

use tests::crash::dice::Dice;

use super::steps::Step;

/// What a disk writes or does not write as a whole.
const SECTOR: usize = 512;

/// The content of a directory after a crash.
pub(crate) type Image = BTreeMap<String, Vec<u8>>;

/// What becomes of everything that was not synchronized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// It is there: the process was killed, and the machine went on.
    Nothing,
    /// It is gone.
    Everything,
    /// The first part is there, and the last write of that is torn.
    Tail,
    /// Some sectors are there and some are not, in any order.
    Sectors,
    /// The same, and some of what is not there has turned into zeros or garbage.
    Garbage,
}

impl Loss {
    pub(crate) const ALL: [Self; 5] =
        [Self::Nothing, Self::Everything, Self::Tail, Self::Sectors, Self::Garbage];
}

/// A directory on such a disk.
#[derive(Debug, Default)]
pub(crate) struct SimulatedDisk {
    files: Vec<SimulatedFile>,
    /// The names as they are on the disk, and what was done to them since.
    names: BTreeMap<String, usize>,
    renamings: Vec<NameChange>,
    /// The directory was made, and what it is in was not synchronized since.
    is_new: bool,
}

#[derive(Debug, Clone)]
enum NameChange {
    Created(String, usize),
    Removed(String),
}

#[derive(Debug, Default)]
struct SimulatedFile {
    synchronized: Vec<u8>,
    changes: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

impl SimulatedDisk {
    /// Does what respod asked the system to do.
    pub(crate) fn apply(&mut self, step: &Step) {
        match step {
            Step::MakeDirectory => self.is_new = true,
            Step::SynchronizeParent => self.is_new = false,
            Step::Create(name) => {
                if !self.live_names().contains_key(name) {
                    self.files.push(SimulatedFile::default());
                    let file = self.files.len() - 1;
                    self.renamings.push(NameChange::Created(name.clone(), file));
                }
            }
            Step::Remove(name) => self.renamings.push(NameChange::Removed(name.clone())),
            Step::Write { name, offset, bytes } => {
                let change = Change::Write { offset: *offset, bytes: bytes.clone() };
                self.file(name).changes.push(change);
            }
            Step::SetLength { name, length } => {
                self.file(name).changes.push(Change::Length(*length));
            }
            Step::Synchronize(name) => self.file(name).synchronize(),
            Step::SynchronizeDirectory => {
                self.names = self.live_names();
                self.renamings.clear();
            }
            Step::Answer(_) | Step::Nothing => {}
        }
    }

    /// Whether something of this file is not synchronized.
    pub(crate) fn is_pending(&mut self, name: &str) -> bool {
        !self.file(name).changes.is_empty()
    }

    /// The length of a file as the process sees it.
    pub(crate) fn length(&mut self, name: &str) -> usize {
        let file = self.file(name);
        file.changes.iter().fold(file.synchronized.len(), |length, change| match change {
            Change::Write { offset, bytes } => length.max(offset + bytes.len()),
            Change::Length(length) => *length,
        })
    }

    fn live_names(&self) -> BTreeMap<String, usize> {
        renamed(&self.names, &self.renamings)
    }

    fn file(&mut self, name: &str) -> &mut SimulatedFile {
        let names = self.live_names();
        let file = names.get(name).unwrap_or_else(|| panic!("there is no {name}: {names:?}"));
        &mut self.files[*file]
    }

    /// What is there after a crash at this moment.
    pub(crate) fn image(&self, loss: Loss, dice: &mut Dice) -> Image {
        let is_gone = match loss {
            Loss::Nothing => false,
            Loss::Everything => self.is_new,
            Loss::Tail | Loss::Sectors | Loss::Garbage => self.is_new && dice.chance(50),
        };
        if is_gone {
            return Image::default();
        }
        // The system keeps changes of names in order, so that the first few of them are there.
        let kept = match loss {
            Loss::Nothing => self.renamings.len(),
            Loss::Everything => 0,
            Loss::Tail | Loss::Sectors | Loss::Garbage => below(dice, self.renamings.len() + 1),
        };
        let names = renamed(&self.names, &self.renamings[..kept]);
        let content = |(name, file): (String, usize)| (name, self.files[file].after(loss, dice));
        names.into_iter().map(content).collect()
    }
}

fn renamed(names: &BTreeMap<String, usize>, changes: &[NameChange]) -> BTreeMap<String, usize> {
    let mut names = names.clone();
    for change in changes {
        match change {
            NameChange::Created(name, file) => names.insert(name.clone(), *file),
            NameChange::Removed(name) => names.remove(name),
        };
    }
    names
}

impl SimulatedFile {
    fn synchronize(&mut self) {
        for change in std::mem::take(&mut self.changes) {
            change.apply(&mut self.synchronized);
        }
    }

    fn after(&self, loss: Loss, dice: &mut Dice) -> Vec<u8> {
        let mut content = self.synchronized.clone();
        match loss {
            Loss::Everything => {}
            Loss::Nothing => self.changes.iter().for_each(|change| change.apply(&mut content)),
            Loss::Tail => {
                let whole = below(dice, self.changes.len() + 1);
                self.changes[..whole].iter().for_each(|change| change.apply(&mut content));
                if let Some(Change::Write { offset, bytes }) = self.changes.get(whole) {
                    // Now and then in the midst of a sector: not every disk has whole ones.
                    let torn = below(dice, bytes.len() + 1);
                    let torn = if dice.chance(50) { torn } else { torn / SECTOR * SECTOR };
                    write(&mut content, *offset, &bytes[..torn]);
                }
            }
            Loss::Sectors | Loss::Garbage => {
                for change in &self.changes {
                    scatter(&mut content, change, loss, dice);
                }
            }
        }
        content
    }
}

/// Makes a part of a change, sector by sector.
fn scatter(content: &mut Vec<u8>, change: &Change, loss: Loss, dice: &mut Dice) {
    let Change::Write { offset, bytes } = change else {
        if dice.chance(50) {
            change.apply(content);
        }
        return;
    };
    let mut start = 0;
    while start < bytes.len() {
        let end = bytes.len().min((offset + start) / SECTOR * SECTOR + SECTOR - offset);
        if dice.chance(50) {
            write(content, offset + start, &bytes[start..end]);
        } else if loss == Loss::Garbage && dice.chance(50) {
            let zeros = dice.chance(50);
            let garbage: Vec<u8> =
                (start..end).map(|_| if zeros { 0 } else { dice.number() as u8 }).collect();
            write(content, offset + start, &garbage);
        }
        start = end;
    }
    // The length may be known where the content is not.
    if dice.chance(30) {
        let length = content.len().max(offset + bytes.len());
        content.resize(length, 0);
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => write(content, *offset, bytes),
            Self::Length(length) => content.resize(*length, 0),
        }
    }
}

fn write(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}

fn below(dice: &mut Dice, bound: usize) -> usize {
    usize::try_from(dice.below(bound as u64)).expect("it is below a usize")
}
