//! What a policy may say about each check. The vetting engine's table of checks fills it in: the policy's reader knows no
//! check by itself.

use super::{At, Level};

/// A check that a policy can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its id, kebab case.
    pub id: &'static str,
    /// Whether the policy can change what it leads to.
    pub firmness: Firmness,
    /// What else can be set besides `level`.
    pub parameters: &'static [Parameter],
}

/// How far a policy can change what a check leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Firmness {
    /// Always denied: nobody may wave it through.
    Firm,
    /// The policy sets its level.
    Free,
    /// Known, but not judged by this version: a policy that asks for it is refused.
    Planned,
}

/// A key of a check's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The key.
    pub key: &'static str,
    /// What it takes.
    pub kind: ParameterKind,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// A number of days, and how many there are by default.
    Days(u32),
    /// `true` or `false`.
    Flag,
    /// A level, for a part of what the check finds.
    Level,
}

/// The settings of one check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Setting {
    /// The level, if the policy sets one.
    pub(super) level: Option<At<Level>>,
    /// The parameters that the policy sets.
    pub(super) parameters: Vec<(&'static str, At<Value>)>,
}

/// The value of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A number of days, and how many there are by default.
    Days(u32),
    /// `true` or `false`.
    Flag(bool),
    /// A level.
    Level(Level),
}

/// The check of an id.
pub(super) fn find(catalogue: &[Known], id: &str) -> Option<Known> {
    catalogue.iter().find(|known| known.id == id).copied()
}

/// A few checks, for the tests of the policy's own rooms.
#[cfg(test)]
pub(super) const SAMPLES: &[Known] = &[
    Known { id: "archive-link", firmness: Firmness::Firm, parameters: &[] },
    Known { id: "license", firmness: Firmness::Free, parameters: &[] },
    Known { id: "name-edit", firmness: Firmness::Planned, parameters: &[] },
    Known { id: "pubtime-unknown", firmness: Firmness::Free, parameters: &[] },
    Known { id: "source", firmness: Firmness::Free, parameters: &[] },
    Known {
        id: "unsound",
        firmness: Firmness::Free,
        parameters: &[
            Parameter { key: "direct", kind: ParameterKind::Level },
            Parameter { key: "transitive", kind: ParameterKind::Level },
        ],
    },
    Known {
        id: "version-too-new",
        firmness: Firmness::Free,
        parameters: &[
            Parameter { key: "days", kind: ParameterKind::Days(7) },
            Parameter { key: "fixes-advisory", kind: ParameterKind::Flag },
        ],
    },
    Known { id: "version-yanked", firmness: Firmness::Free, parameters: &[] },
    Known { id: "vulnerability", firmness: Firmness::Free, parameters: &[] },
];
