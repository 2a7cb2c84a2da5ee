//! Takes the two sides of a conflicted text apart, in the styles of git: `merge`, `diff3` and `zdiff3`.
//!
//! The format of the markers is that of `git merge-file` ("gitattributes", `conflict-marker-size`, which is 7 by default).

use std::path::Path;

use provenance_build::Error;

use super::HELP;

/// The text of one side, by lines, each with its number in the file.
#[derive(Debug, Default)]
pub(super) struct Side<'t> {
    pub(super) lines: Vec<(u32, &'t str)>,
}

impl Side<'_> {
    pub(super) fn text(&self) -> String {
        join(&self.lines)
    }
}

/// The text of some lines, without a line end after the last.
pub(super) fn join(lines: &[(u32, &str)]) -> String {
    lines.iter().map(|(_, line)| *line).collect::<Vec<_>>().join("\n")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Both,
    Ours,
    Base,
    Theirs,
}

/// Our side and theirs; `None` for a text without a marker.
pub(super) fn split<'t>(text: &'t str, file: &Path) -> Result<Option<[Side<'t>; 2]>, Error> {
    if !text.lines().any(|line| marker(line).is_some()) {
        return Ok(None);
    }
    let (mut ours, mut theirs) = (Side::default(), Side::default());
    let (mut part, mut opened) = (Part::Both, 0);
    for (number, line) in (1..).zip(text.split('\n')) {
        // On a machine that rewrites line ends, git writes the markers that way too.
        let line = line.strip_suffix('\r').unwrap_or(line);
        part = match (part, marker(line)) {
            (Part::Both, Some('<')) => {
                opened = number;
                Part::Ours
            }
            (Part::Ours, Some('|')) => Part::Base,
            (Part::Ours | Part::Base, Some('=')) => Part::Theirs,
            (Part::Theirs, Some('>')) => Part::Both,
            (_, Some(_)) => {
                return Err(Error::invalid(file, number, "a conflict marker without its counterpart", HELP));
            }
            (part, None) => {
                if matches!(part, Part::Both | Part::Ours) {
                    ours.lines.push((number, line));
                }
                if matches!(part, Part::Both | Part::Theirs) {
                    theirs.lines.push((number, line));
                }
                part
            }
        };
    }
    if part != Part::Both {
        return Err(Error::invalid(file, opened, "a conflict that does not end", HELP));
    }
    Ok(Some([ours, theirs]))
}

/// A text without markers, as one side.
pub(super) fn whole(text: &str) -> Side<'_> {
    Side { lines: (1..).zip(text.split('\n')).collect() }
}

/// The sign of a marker line. In the base of a `diff3` conflict nested markers are longer, so that they are none here.
fn marker(line: &str) -> Option<char> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let sign = line.chars().next().filter(|sign| matches!(sign, '<' | '|' | '=' | '>'))?;
    let rest = line.trim_start_matches(sign);
    let long = line.len() - rest.len() == 7;
    (long && (rest.is_empty() || (sign != '=' && rest.starts_with(' ')))).then_some(sign)
}
