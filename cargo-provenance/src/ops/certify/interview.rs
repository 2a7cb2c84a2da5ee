//! Asks whoever is at the terminal for what the flags did not say, and for the last word. Whoever stops anywhere has recorded
//! nothing.

use super::entry::Maker;
use super::{Options, Person, Reviewed, maker, walk};
use crate::audit::{SAFE_TO_DEPLOY, SAFE_TO_RUN, Store};
use crate::model::Surroundings;
use crate::report::dialog::Question;
use crate::report::failure::Failure;
use crate::report::progress::Progress;

/// How often somebody may give an answer that is none.
const PATIENCE: usize = 5;

/// Bytes of a criterion's text that are shown.
const DESCRIPTION_BYTES: usize = 4 * 1024;

/// What the two criteria mean that every store has; in the words of this project, the full text is cargo-vet's.
const BUILT_IN: [(&str, &str); 2] = [
    (
        SAFE_TO_RUN,
        "it can be compiled, run and tested on a workstation or in continuous integration without surprises: nothing of the \
         machine is read, sent or changed beyond what it is for",
    ),
    (
        SAFE_TO_DEPLOY,
        "it can be shipped: nothing that runs with input from attackers introduces a serious weakness, and all of its unsafe code \
         was looked at; implies safe-to-run",
    ),
];

/// What is to be recorded, if somebody at the terminal says so.
pub(super) fn of(
    surroundings: &Surroundings,
    store: &Store,
    mut options: Options,
    person: Person<'_>,
    progress: &dyn Progress,
) -> Result<Option<Options>, Failure> {
    let maker = maker(store, surroundings)?;
    // What cannot be recorded is not worth a review.
    maker.entry(&options)?;
    let reviewed = match &options.what {
        Reviewed::Delta(from, to) => Some((Some(from), to)),
        Reviewed::Full(version) => Some((None, version)),
        Reviewed::Exemption(_) | Reviewed::Trusted(_) | Reviewed::Violation(_) | Reviewed::Wildcard(_) => {
            None
        }
    };
    if let Some(versions) = reviewed {
        if !walk::through(surroundings, &options.name, versions, person, progress)? {
            return Ok(None);
        }
        if options.said.criteria.is_empty() {
            match criteria(store, &maker, person) {
                Some(criteria) => options.said.criteria = criteria,
                None => return Ok(None),
            }
        }
        if options.said.notes.is_none() {
            match notes(&maker, &options, person) {
                Some(said) => options = said,
                None => return Ok(None),
            }
        }
    }
    let entry = maker.entry(&options)?;
    let shown = format!(
        "\nto be recorded in {}:\n\n{}\n",
        store.folder.join(entry.file()).display(),
        entry.text(store)
    );
    let prompt = match options.what {
        Reviewed::Delta(..) | Reviewed::Full(_) => "Did you review it, and is it so? [y/N] ",
        _ => "Is it so? [y/N] ",
    };
    let answer = person.dialog.ask(&Question { finding: None, shown: &shown, prompt });
    let is_yes =
        answer.is_some_and(|answer| matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"));
    Ok(is_yes.then_some(options))
}

fn is_end(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "q" | "quit")
}

/// The criteria that somebody chooses, by number or by name; nothing where they stop.
fn criteria(store: &Store, maker: &Maker<'_>, person: Person<'_>) -> Option<Vec<String>> {
    let built_in = BUILT_IN.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let own = store.audits.criteria.iter().map(|(name, criterion)| {
        let text = criterion.description.clone().or_else(|| criterion.description_url.clone());
        (name.clone(), text.unwrap_or_default())
    });
    let known = built_in.chain(own).collect::<Vec<_>>();
    let default = Maker::default_criteria(store);
    let mut shown = "\nWhat does it meet?\n".to_owned();
    for (number, (name, text)) in known.iter().enumerate() {
        shown += &format!("\n  {}. {name}\n", number + 1);
        let end = (0..=DESCRIPTION_BYTES.min(text.len())).rfind(|end| text.is_char_boundary(*end));
        shown.extend(text[..end.unwrap_or_default()].trim().lines().map(|line| format!("     {line}\n")));
    }
    shown.push('\n');
    let prompt = format!("Numbers or names, with blanks between [{}; q: stop] > ", default.join(" "));
    for _ in 0..PATIENCE {
        let answer = person.dialog.ask(&Question { finding: None, shown: &shown, prompt: &prompt })?;
        if is_end(&answer) {
            return None;
        }
        let words = answer.split([' ', ',']).filter(|word| !word.is_empty()).collect::<Vec<_>>();
        if words.is_empty() {
            return Some(default);
        }
        let name = |word: &&str| match word.parse::<usize>() {
            Ok(number) => Some(known.get(number.checked_sub(1)?)?.0.clone()),
            Err(_) => maker.knows(word).then(|| (*word).to_owned()),
        };
        match words.iter().map(name).collect::<Option<Vec<_>>>() {
            Some(names) => return Some(names),
            None => shown = "that is no criterion of the store\n".to_owned(),
        }
    }
    None
}

/// What is to be recorded, with notes; nothing where somebody stops.
fn notes(maker: &Maker<'_>, options: &Options, person: Person<'_>) -> Option<Options> {
    let mut shown = String::new();
    for _ in 0..PATIENCE {
        let prompt = "Notes, in one line [none; q: stop] > ";
        let answer = person.dialog.ask(&Question { finding: None, shown: &shown, prompt })?;
        if is_end(&answer) {
            return None;
        }
        let mut said = options.clone();
        said.said.notes = Some(answer.trim().to_owned());
        match maker.entry(&said) {
            Ok(_) => return Some(said),
            Err(failure) => shown = format!("{}\n", failure.message),
        }
    }
    None
}
