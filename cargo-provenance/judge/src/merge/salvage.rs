//! Reads one side of a merge: as a whole where it is sound, else block by block.
//!
//! Every block goes through the kernel's strict reader, alone below the head of its side; this module only finds where
//! blocks begin. A block that it refuses is torn, and nothing of it is believed.

use std::collections::BTreeSet;
use std::path::Path;

use provenance_build::manifest::{Member, Pin};
use provenance_build::{Checksum, Error, Manifest};

use super::sides::{Side, join};

/// What one side says, in the order of the file and perhaps more than once.
#[derive(Clone, Debug)]
pub(super) struct Pieces {
    pub(super) version: u32,
    pub(super) policy: Checksum,
    pub(super) expires: Option<String>,
    pub(super) settings: Vec<(String, String)>,
    pub(super) members: Vec<Member>,
    pub(super) pins: Vec<Pin>,
    pub(super) torn: Vec<Torn>,
}

/// Lines of which no sense can be made.
#[derive(Clone, Debug)]
pub(super) struct Torn {
    /// The first line in the file, counted from 1.
    pub(super) line: u32,
    /// The names that the lines mention; whoever bears one may be meant.
    pub(super) names: BTreeSet<String>,
    /// The versions that they mention.
    pub(super) versions: BTreeSet<String>,
    /// The acceptances among them, as written.
    pub(super) acceptances: Vec<String>,
}

impl Pieces {
    /// Reads a side of which nothing is known.
    pub(super) fn read(side: &Side<'_>, file: &Path) -> Result<Self, Error> {
        match Manifest::parse(side.text().as_bytes(), file) {
            Ok(manifest) => Ok(Self::of(manifest)),
            Err(_) => Self::salvage(side, file),
        }
    }

    /// Reads a side that the strict reader refuses as a whole.
    pub(super) fn salvage(side: &Side<'_>, file: &Path) -> Result<Self, Error> {
        let lines = &side.lines;
        let begins =
            |(_, line): &(u32, &str)| matches!(*line, "[cargo-config]" | "[[member]]" | "[[package]]");
        let starts = (0..lines.len()).filter(|&at| begins(&lines[at])).collect::<Vec<_>>();
        let first = starts.first().copied().unwrap_or(lines.len());
        let head = join(trimmed(&lines[..first])) + "\n";
        let mut pieces =
            Self::of(Manifest::parse(head.as_bytes(), file).map_err(|fault| relocated(fault, side))?);
        let alone = |block: &[(u32, &str)]| {
            Manifest::parse(format!("{head}\n{}\n", join(block)).as_bytes(), file).ok()
        };
        for (at, &start) in starts.iter().enumerate() {
            let end = starts.get(at + 1).copied().unwrap_or(lines.len());
            let block = trimmed(&lines[start..end]);
            match alone(block) {
                Some(manifest) => pieces.add(manifest),
                None if block[0].1 == "[cargo-config]" => {
                    // A setting is one line, which git never tears.
                    for &setting in &block[1..] {
                        match alone(&[block[0], setting]) {
                            Some(manifest) => pieces.add(manifest),
                            None => pieces.torn.push(Torn::of(&[setting])),
                        }
                    }
                }
                None => pieces.torn.push(Torn::of(block)),
            }
        }
        Ok(pieces)
    }

    fn of(manifest: Manifest) -> Self {
        let Manifest { version, policy, expires, cargo_config, members, packages } = manifest;
        let settings = cargo_config.into_iter().collect();
        Self { version, policy, expires, settings, members, pins: packages, torn: vec![] }
    }

    fn add(&mut self, block: Manifest) {
        self.settings.extend(block.cargo_config);
        self.members.extend(block.members);
        self.pins.extend(block.packages);
    }
}

impl Torn {
    fn of(lines: &[(u32, &str)]) -> Self {
        let texts = |key: &str| {
            let value = |(_, line): &(u32, &str)| Some(line.strip_prefix(key)?.trim_matches('"').to_owned());
            lines.iter().filter_map(value).collect()
        };
        let acceptance = |(_, line): &(u32, &str)| {
            line.contains("{ check = ").then(|| line.trim().trim_end_matches(',').to_owned())
        };
        Self {
            line: lines.first().map_or(0, |(number, _)| *number),
            names: texts("name = "),
            versions: texts("version = "),
            acceptances: lines.iter().filter_map(acceptance).collect(),
        }
    }
}

/// Lines without the empty ones at their end.
fn trimmed<'l, 't>(lines: &'l [(u32, &'t str)]) -> &'l [(u32, &'t str)] {
    let end = lines.iter().rposition(|(_, line)| !line.is_empty()).map_or(0, |last| last + 1);
    &lines[..end]
}

/// The fault of a side's text, at its line in the file.
fn relocated(fault: Error, side: &Side<'_>) -> Error {
    match fault {
        Error::Invalid { file, line, what, help } => {
            let at = (line as usize).checked_sub(1).and_then(|at| side.lines.get(at));
            Error::Invalid { file, line: at.map_or(line, |(number, _)| *number), what, help }
        }
        other => other,
    }
}
