//! `suggest`: which reviews are missing, the cheapest first.

mod hints;
mod missing;
mod size;
mod template;

use std::fmt::Write as _;

use provenance_build::PackageName;

use self::missing::Found;
use super::certify::Reviewed;
use crate::audit::VetVersion;
use crate::model::Surroundings;
use crate::report::failure::Failure;
use crate::report::progress::Progress;
use crate::report::{Report, plural};

/// What `suggest` is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The crate whose reviews are wanted; those of all where there is none.
    pub name: Option<PackageName>,
    /// How many are wanted at most.
    pub limit: Option<usize>,
    /// What is printed.
    pub form: Form,
}

/// What is printed of a review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// The command that records it.
    #[default]
    Command,
    /// An entry for `certify --batch`, for somebody to fill in.
    Template,
}

/// Runs the use case.
///
/// # Errors
///
/// A workspace that cannot be read, reviews that cannot be read, a cargo that fails.
pub fn run(
    surroundings: &Surroundings,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let mut report = Report::new("suggest");
    let found = missing::find(surroundings, options.name.as_ref(), &mut report, progress)?;
    let Found { mut list, elsewhere, reviewed, total, not_asked } = found;
    let missing = list.len();
    let lines: usize = list.iter().filter_map(|review| review.size.as_ref()).map(|size| size.lines).sum();
    let unknown = list.iter().filter(|review| review.size.is_none()).count();
    list.truncate(options.limit.unwrap_or(usize::MAX));
    match options.form {
        Form::Template => report.output = template::text(&list),
        Form::Command => {
            for review in &list {
                let [_, command] = &review.commands;
                let _ = writeln!(report.output, "{command}  # {}", review.effort());
                for hint in &review.hints {
                    let _ = writeln!(report.output, "  # {hint}");
                }
            }
        }
    }
    if list.len() < missing {
        report.step("Showing", format!("the {} cheapest of {}", list.len(), plural(missing, "review")));
    }
    report.reviews = list;
    let others = elsewhere.len();
    if not_asked > 0 {
        report.not_checked.push(format!("{} of which nothing is required", plural(not_asked, "package")));
    }
    report.not_checked.extend(elsewhere);
    for (name, value) in [
        ("reviewed", reviewed),
        ("missing", missing),
        ("elsewhere", others),
        ("not-asked", not_asked),
        ("lines", lines),
    ] {
        report.count(name, value);
    }
    report.conclusion = match (missing, others) {
        (0, 0) => format!("{} reviewed for what is required of them", plural(reviewed, "package")),
        _ => {
            let more = if unknown > 0 { format!(", {unknown} of unknown size") } else { String::new() };
            format!(
                "{} missing, {} to read{more}; {reviewed} of {total} reviewed",
                plural(missing, "review"),
                plural(lines, "line")
            )
        }
    };
    Ok(report)
}

/// The cheapest review of a crate that is missing, if one is, and what must be met.
///
/// # Errors
///
/// Those of [`run`].
pub(super) fn cheapest(
    surroundings: &Surroundings,
    name: &PackageName,
    progress: &dyn Progress,
) -> Result<Option<(Reviewed, Vec<String>)>, Failure> {
    let found = missing::find(surroundings, Some(name), &mut Report::new("suggest"), progress)?;
    // What needs another review first is not the one to begin with.
    let review = found.list.iter().find(|review| review.after.is_none()).or(found.list.first());
    Ok(review.and_then(|review| {
        let to = VetVersion::parse(&review.to)?;
        let what = match &review.from {
            Some(from) => Reviewed::Delta(VetVersion::parse(from)?, to),
            None => Reviewed::Full(to),
        };
        Some((what, review.criteria.clone()))
    }))
}
