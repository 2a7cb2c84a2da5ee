//! The table of packages, and that of licenses.

use std::collections::BTreeMap;

use super::{age, badge, span, text};
use crate::report::ledger::{Entry, Ledger, Standing};
use crate::report::plural;

const HEADS: [&str; 7] =
    ["Package", "Version", "Trust", "Published", "License", "Runs while compiling", "From"];

/// Every package that is not the team's own.
pub(super) fn table(ledger: &Ledger) -> String {
    let mut section =
        "<section aria-labelledby=\"packages\">\n<h2 id=\"packages\">Packages</h2>\n".to_owned();
    let third = ledger.packages.iter().enumerate();
    let third = third.filter(|(_, entry)| !matches!(entry.standing, Standing::Own(_)));
    let rows = third.map(|(index, entry)| row(index, entry, ledger)).collect::<Vec<_>>();
    let caption = format!("{} of others, in the order of Cargo.lock", plural(rows.len(), "package"));
    section.push_str(&classed("packages", &caption, &HEADS, &rows.concat()));
    section + "</section>\n"
}

fn row(index: usize, entry: &Entry, ledger: &Ledger) -> String {
    let vouching = match &entry.standing {
        Standing::Pinned(_, from) if !from.is_empty() => format!(" by {}", text(&from.join(", "))),
        _ => String::new(),
    };
    let accepting = entry.accepted.iter().map(|it| it.by.as_str()).collect::<std::collections::BTreeSet<_>>();
    let accepting = match accepting.is_empty() {
        true => String::new(),
        false => format!(" by {}", text(&accepting.into_iter().collect::<Vec<_>>().join(", "))),
    };
    let vetted = match (&entry.vetted, &entry.standing) {
        (Some(vetted), _) => format!("<br><span class=\"soft\">{}</span>", text(vetted)),
        (None, Standing::Pinned(..)) => "<br><span class=\"soft\">no check has judged it</span>".to_owned(),
        (None, _) => String::new(),
    };
    let compared = match &entry.repository {
        Some(repository) => {
            format!("<br><span class=\"soft\">same files as <code>{}</code></span>", text(repository))
        }
        None => String::new(),
    };
    let published = match (entry.published, age(ledger, entry)) {
        (Some(day), Some(days)) => format!(
            "<td class=\"number\" data-key=\"{day}\">{day}<br><span class=\"soft\">{} ago</span></td>",
            span(days)
        ),
        _ => "<td class=\"soft\" data-key=\"\">unknown</td>".to_owned(),
    };
    let license = match &entry.license {
        Some(license) => format!("<td>{}</td>", text(license)),
        None => "<td class=\"soft\">unknown</td>".to_owned(),
    };
    format!(
        "<tr id=\"p{index}\"><th scope=\"row\">{}</th><td class=\"version\">{}</td><td class=\"trust\">{}{vouching}{accepting}{vetted}{compared}\
         </td>{published}{license}<td>{}</td><td class=\"from\">{}</td></tr>\n",
        text(&entry.name),
        text(&entry.version),
        badge(entry),
        entry.build_time.join(", "),
        text(&entry.from),
    )
}

/// How many packages have which license.
pub(super) fn licenses(ledger: &Ledger) -> String {
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for entry in ledger.packages.iter().filter(|entry| !matches!(entry.standing, Standing::Own(_))) {
        all.entry(entry.license.as_deref().unwrap_or("unknown")).or_default().push(&entry.name);
    }
    let mut all = all.into_iter().collect::<Vec<_>>();
    all.sort_by_key(|(license, names)| (std::cmp::Reverse(names.len()), *license));
    let rows = all.iter().map(|(license, names)| {
        format!(
            "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td>{}</td></tr>\n",
            text(license),
            names.len(),
            some_of(names),
        )
    });
    let mut section =
        "<section aria-labelledby=\"licenses\">\n<h2 id=\"licenses\">Licenses</h2>\n".to_owned();
    let caption = "As the packages declare them";
    section.push_str(&titled(caption, &["License", "Packages", "Which"], &rows.collect::<String>()));
    section + "</section>\n"
}

/// A few names are told, the rest counted.
fn some_of(names: &[&str]) -> String {
    const TOLD: usize = 6;
    let told = names.iter().take(TOLD).map(|name| text(name)).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(TOLD) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}

/// A table with a caption; a line of text where it has no rows.
pub(super) fn titled(caption: &str, heads: &[&str], rows: &str) -> String {
    classed("plain", caption, heads, rows)
}

fn classed(class: &str, caption: &str, heads: &[&str], rows: &str) -> String {
    if rows.is_empty() {
        return "<p>There are none.</p>\n".to_owned();
    }
    let heads = heads.iter().map(|head| format!("<th scope=\"col\">{head}</th>")).collect::<String>();
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table class=\"{class}\">\
         <caption>{caption}</caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n"
    )
}
