//! Chains of entries through a crate's versions: `search_for_path` of cargo-vet 0.10, for a store that is not updated.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use super::ground::{Edge, Ground};
use super::{Gap, Link};
use crate::audit::VetVersion;

/// Whether a published version may stand for one that is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StandIns {
    Count,
    Void,
}

/// What speaks against using a link, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Caveat {
    None,
    NotImportable,
    Exemption,
    Unpublished,
}

impl Caveat {
    fn of(link: &Link) -> Self {
        match link {
            Link::Audit { is_importable: false, .. } => Self::NotImportable,
            Link::Exemption { .. } => Self::Exemption,
            Link::Unpublished { .. } => Self::Unpublished,
            Link::Audit { .. } | Link::Imported { .. } | Link::Wildcard { .. } | Link::Trusted { .. } => {
                Self::None
            }
        }
    }
}

/// A node to go on from, in the order in which that is done: the fewest caveats, the lowest version, the smallest exemption, the
/// shortest way, the nearest entry.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Open<'g> {
    caveat: Caveat,
    node: usize,
    exempted: Option<usize>,
    length: usize,
    last: Option<&'g Link>,
    step: usize,
}

impl Ground<'_> {
    /// The chain that proves a criterion of a version, from the version back to nothing, or where chains end.
    pub(super) fn chain(
        &self,
        version: &VetVersion,
        criterion: usize,
        stand_ins: StandIns,
    ) -> Result<Vec<Link>, Gap> {
        let counts = |edge: &Edge| {
            edge.criteria.has(criterion)
                && (stand_ins == StandIns::Count || !matches!(edge.link, Link::Unpublished { .. }))
        };
        let target = self.node(version);
        // The way so far: where each step came from.
        let mut steps: Vec<(Option<usize>, &Link)> = vec![];
        let mut visited = vec![false; self.into.len() + 1];
        let mut queue = BinaryHeap::new();
        let start = Open {
            caveat: Caveat::None,
            node: target,
            exempted: None,
            length: 0,
            last: None,
            step: usize::MAX,
        };
        queue.push(Reverse(start));
        while let Some(Reverse(open)) = queue.pop() {
            if std::mem::replace(&mut visited[open.node], true) {
                continue;
            }
            if open.node == 0 {
                return Ok(way(&steps, open.step));
            }
            let edges = self.into.get(open.node).into_iter().flatten().map(|edge| &self.edges[*edge]);
            for edge in edges.filter(|edge| counts(edge) && !visited[edge.from]) {
                let caveat = open.caveat.max(Caveat::of(&edge.link));
                let previous = (open.step != usize::MAX).then_some(open.step);
                queue.push(Reverse(Open {
                    caveat,
                    node: edge.from,
                    exempted: (caveat == Caveat::Exemption).then_some(open.node),
                    length: open.length + 1,
                    last: Some(&edge.link),
                    step: steps.len(),
                }));
                steps.push((previous, &edge.link));
            }
        }
        let named = |node: usize| node.checked_sub(1).and_then(|index| self.versions.get(index)).copied();
        let wanted = (0..visited.len()).filter(|node| visited[*node]).filter_map(named).cloned();
        let mut wanted = wanted.collect::<BTreeSet<_>>();
        wanted.insert(version.clone());
        Err(Gap { known: self.reached(counts), wanted })
    }

    // What full reviews lead to.
    fn reached(&self, counts: impl Fn(&Edge) -> bool) -> BTreeSet<VetVersion> {
        let mut visited = vec![false; self.out.len()];
        let mut open = vec![0];
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut visited[node], true) {
                let edges = self.out[node].iter().map(|edge| &self.edges[*edge]);
                open.extend(edges.filter(|edge| counts(edge)).map(|edge| edge.to));
            }
        }
        let versions = self.versions.iter().enumerate().filter(|(index, _)| visited[index + 1]);
        versions.map(|(_, version)| (*version).clone()).collect()
    }
}

fn way(steps: &[(Option<usize>, &Link)], last: usize) -> Vec<Link> {
    let mut links = vec![];
    let mut at = Some(last);
    while let Some((previous, link)) = at.and_then(|at| steps.get(at)) {
        links.push((*link).clone());
        at = *previous;
    }
    links.reverse();
    links
}
