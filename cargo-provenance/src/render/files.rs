//! Files that differ, as a patch below a heading for each risk, as a table, or as names. All text is made harmless.

use std::fmt::Write as _;

use anstyle::{Effects, Style};
use clap_cargo::style::{CONTEXT, ERROR, GOOD};

use super::sanitize;
use super::style::status;
use crate::report::files::{Body, Change, FileDiff, Files, Hunk, Shown, Side};

/// The longest bar of the table, in characters.
const BAR: usize = 40;

/// The files as people read them, styled.
pub(super) fn text(files: &Files) -> String {
    match files.shown {
        Shown::Names => files.list.iter().map(|file| format!("{}\n", sanitize::line(&file.path))).collect(),
        Shown::Patch => patch(&files.list),
        Shown::Stat => table(&files.list),
    }
}

fn patch(list: &[FileDiff]) -> String {
    let mut out = String::new();
    let mut above = None;
    for file in list {
        if above != Some(file.risk) {
            let (word, about) = file.risk.heading();
            out.push_str(&status(word, about));
            above = Some(file.risk);
        }
        one(file, &mut out);
    }
    out
}

fn one(file: &FileDiff, out: &mut String) {
    let bold = Style::new().bold();
    for note in &file.notes {
        styled(out, CONTEXT, &format!("# {note}"));
    }
    if let (Change::Mode, Some(old), Some(new)) = (file.change, &file.old, &file.new) {
        for (word, side) in [("old", old), ("new", new)] {
            styled(out, bold, &format!("{word} mode {} {}", mode(side), side.name));
        }
        return;
    }
    let name =
        |side: &Option<Side>| side.as_ref().map_or_else(|| "/dev/null".to_owned(), |it| it.name.clone());
    styled(out, bold, &format!("--- {}", name(&file.old)));
    styled(out, bold, &format!("+++ {}", name(&file.new)));
    match &file.body {
        Body::Hunks(hunks) => hunks.iter().for_each(|hunk| lines(hunk, out)),
        Body::LeftOut(why) => {
            styled(out, Style::new(), &format!("not shown: {why}"));
            for (sign, side) in [('-', &file.old), ('+', &file.new)] {
                let Some(Side { content, bytes, sha256, .. }) = side else { continue };
                styled(out, of(sign), &format!("{sign}{content}, {bytes} bytes, sha256:{sha256}"));
            }
        }
    }
}

fn lines(hunk: &Hunk, out: &mut String) {
    let range = |(at, length): (usize, usize)| match length {
        1 => at.to_string(),
        _ => format!("{at},{length}"),
    };
    styled(out, CONTEXT, &format!("@@ -{} +{} @@", range(hunk.old), range(hunk.new)));
    for line in &hunk.lines {
        let sign = line.chars().next().unwrap_or(' ');
        // Tabs stay: in a patch they are what they are.
        let shown = sanitize::cut(line);
        let _ = writeln!(out, "{}{}{:#}", of(sign), shown, of(sign));
    }
}

fn of(sign: char) -> Style {
    match sign {
        '+' => GOOD.effects(Effects::new()),
        '-' => ERROR.effects(Effects::new()),
        '\\' => CONTEXT,
        _ => Style::new(),
    }
}

fn mode(side: &Side) -> &'static str {
    if side.executable { "100755" } else { "100644" }
}

fn styled(out: &mut String, style: Style, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{style}{}{style:#}", sanitize::line(text));
}

/// `path | 12 +++---`, as git has it.
fn table(list: &[FileDiff]) -> String {
    let paths = list.iter().map(|file| sanitize::line(&file.path)).collect::<Vec<_>>();
    let width = paths.iter().map(|path| path.chars().count()).max().unwrap_or(0);
    let most = list.iter().map(|file| file.added + file.removed).max().unwrap_or(0);
    let mut out = String::new();
    for (file, path) in list.iter().zip(&paths) {
        let number = match &file.body {
            Body::Hunks(_) => (file.added + file.removed).to_string(),
            Body::LeftOut(_) => {
                let size = |side: &Option<Side>| side.as_ref().map_or(0, |side| side.bytes);
                format!("{} -> {} bytes", size(&file.old), size(&file.new))
            }
        };
        // At least one sign for a file that has any.
        let bar = |lines: usize| (lines * BAR.min(most)).div_ceil(most.max(1));
        let (plus, minus) = (of('+'), of('-'));
        let (added, removed) = ("+".repeat(bar(file.added)), "-".repeat(bar(file.removed)));
        let padding = " ".repeat(width - path.chars().count());
        let _ = writeln!(
            out,
            " {path}{padding} | {:<8} {number:>5} {plus}{added}{plus:#}{minus}{removed}{minus:#}",
            file.change.as_str(),
        );
    }
    out
}
