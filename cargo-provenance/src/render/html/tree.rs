//! Who pulls in what: the dependency graph as a tree in which each package unfolds once, where it is nearest to the team's own.

use std::collections::VecDeque;

use super::{badge, text};
use crate::report::ledger::{Entry, Ledger, Standing};

/// Levels that are nested: twice the depth of the deepest graphs among published lockfiles. What lies below stands on the last one.
const LEVELS: usize = 64;

/// The tree below the team's own packages.
pub(super) fn tree(ledger: &Ledger) -> String {
    let (children, roots, unreached) = spread(ledger);
    let mut section = "<section aria-labelledby=\"graph\" class=\"tree\">\n<h2 id=\"graph\">Who pulls in what</h2>\n\
         <p>Each package unfolds once, where it is nearest to a package of the team; where something else needs it too, its \
         name leads to it.</p>\n<ul>\n"
        .to_owned();
    // What is still to be written, the next one last: a package with its level, or the end of its list.
    let mut pending = roots.into_iter().rev().map(|index| Step::Open(index, 0)).collect::<Vec<_>>();
    while let Some(step) = pending.pop() {
        let (index, level) = match step {
            Step::Open(index, level) => (index, level),
            Step::Close => {
                section.push_str("</ul></details></li>\n");
                continue;
            }
        };
        let Some(entry) = ledger.packages.get(index) else { continue };
        let below = &children[index];
        let head = format!("{}{}", label(index, entry), others(entry, below, ledger));
        if below.is_empty() || level == LEVELS {
            section.push_str(&format!("<li class=\"leaf\">{head}</li>\n"));
            pending.extend(below.iter().rev().map(|index| Step::Open(*index, level)));
        } else {
            let open = if level == 0 { " open" } else { "" };
            section.push_str(&format!("<li><details{open}><summary>{head}</summary><ul>\n"));
            pending.push(Step::Close);
            pending.extend(below.iter().rev().map(|index| Step::Open(*index, level + 1)));
        }
    }
    section.push_str("</ul>\n");
    if !unreached.is_empty() {
        let names = unreached.iter().filter_map(|index| Some(label(*index, ledger.packages.get(*index)?)));
        let names = names.map(|label| format!("<li class=\"leaf\">{label}</li>")).collect::<String>();
        section.push_str(&format!("<h3>Locked, and needed by nothing here</h3>\n<ul>{names}</ul>\n"));
    }
    section + "</section>\n"
}

enum Step {
    Open(usize, usize),
    Close,
}

/// For each package those that unfold below it, then the roots, and what no root leads to.
fn spread(ledger: &Ledger) -> (Vec<Vec<usize>>, Vec<usize>, Vec<usize>) {
    let packages = &ledger.packages;
    let is_own = |index: &usize| matches!(packages[*index].standing, Standing::Own(_));
    let roots = (0..packages.len()).filter(is_own).collect::<Vec<_>>();
    let mut children = vec![vec![]; packages.len()];
    let mut seen = vec![false; packages.len()];
    for root in &roots {
        seen[*root] = true;
    }
    let mut queue = roots.iter().copied().collect::<VecDeque<_>>();
    while let Some(at) = queue.pop_front() {
        for &below in &packages[at].dependencies {
            if seen.get(below) == Some(&false) {
                seen[below] = true;
                children[at].push(below);
                queue.push_back(below);
            }
        }
    }
    let unreached = (0..packages.len()).filter(|index| !seen[*index]).collect();
    (children, roots, unreached)
}

fn label(index: usize, entry: &Entry) -> String {
    let name = text(&entry.name);
    let name = match &entry.standing {
        Standing::Own(path) => {
            format!("<span id=\"g{index}\">{name}</span> <span class=\"soft\">{}</span>", text(path))
        }
        _ => format!(
            "<a id=\"g{index}\" href=\"#p{index}\">{name}</a> <span class=\"soft\">{}</span>",
            text(&entry.version)
        ),
    };
    format!("{name} {}", badge(entry))
}

/// What it depends on, too, that unfolds elsewhere.
fn others(entry: &Entry, below: &[usize], ledger: &Ledger) -> String {
    let elsewhere = entry.dependencies.iter().filter(|index| !below.contains(index));
    let links = elsewhere.filter_map(|index| {
        let other = ledger.packages.get(*index)?;
        Some(format!("<a href=\"#g{index}\">{}</a>", text(&other.name)))
    });
    let links = links.collect::<Vec<_>>().join(", ");
    if links.is_empty() { links } else { format!(" <span class=\"soft\">also needs {links}</span>") }
}
