//! License expressions: what packages say of themselves, and the single licenses that a policy names.

use std::fmt;

use spdx::expression::{ExprNode, Operator};
use spdx::{LicenseItem, LicenseReq, Licensee, ParseMode};

/// Bytes of an expression: forty times the longest among 3,000 published packages.
const EXPRESSION_BYTES: usize = 4_096;

/// What crates.io has let in: `/` for `OR` (cargo's own documentation wrote it so for years), identifiers that SPDX has
/// replaced since, and `+` behind those of the GNU project. Names that only resemble an identifier are not guessed at.
const MODE: ParseMode = ParseMode {
    allow_slash_as_or_operator: true,
    allow_imprecise_license_names: false,
    allow_postfix_plus_on_gpl: true,
    allow_deprecated: true,
    allow_unknown: false,
};

/// An SPDX license expression.
#[derive(Clone, Debug)]
pub struct LicenseExpression(spdx::Expression);

/// One license, maybe with an exception.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LicenseName(Licensee);

impl LicenseExpression {
    /// Reads an expression; the error is a lowercase fragment that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > EXPRESSION_BYTES {
            return Err(format!("it has {} bytes", text.len()));
        }
        let expression = spdx::Expression::parse_mode(text, MODE).map_err(|error| error.reason.to_string());
        expression.map(Self)
    }

    /// Whether it can be met with `allowed` alone. The error names what it asks for besides.
    pub fn is_met_by<'a>(
        &self,
        allowed: impl Iterator<Item = &'a LicenseName> + Clone,
    ) -> Result<(), Vec<LicenseName>> {
        let met = self.0.evaluate_with_failures(|wanted| allowed.clone().any(|name| name.meets(wanted)));
        met.map_err(|missing| sorted(missing.into_iter().map(|one| LicenseName::of(&one.req))))
    }

    /// The expression in today's spelling: operators in capitals, `OR` for `/`, identifiers that SPDX has replaced by
    /// their successors, and no parentheses that change nothing.
    pub fn canonical(&self) -> String {
        // What stands in parts of lower precedence needs parentheses: `AND` binds closer than `OR`.
        let mut stack: Vec<(String, Option<Operator>)> = vec![];
        for node in self.0.iter() {
            let part = match node {
                ExprNode::Req(one) => (current(&one.req), None),
                ExprNode::Op(operator) => {
                    let (right, left) = (stack.pop().unwrap_or_default(), stack.pop().unwrap_or_default());
                    let word = if *operator == Operator::And { "AND" } else { "OR" };
                    let within = |(text, inner): (String, Option<Operator>)| match (operator, inner) {
                        (Operator::And, Some(Operator::Or)) => format!("({text})"),
                        _ => text,
                    };
                    (format!("{} {word} {}", within(left), within(right)), Some(*operator))
                }
            };
            stack.push(part);
        }
        stack.pop().unwrap_or_default().0
    }

    /// The names of its own that it refers to: `LicenseRef-…`; sorted.
    pub fn references(&self) -> Vec<String> {
        let names = self.0.requirements().filter_map(|one| match &one.req.license {
            LicenseItem::Other(reference) => Some(reference.to_string()),
            LicenseItem::Spdx { .. } => None,
        });
        let mut names = names.collect::<Vec<_>>();
        names.sort();
        names.dedup();
        names
    }

    /// Every license that it names; sorted.
    pub fn names(&self) -> Vec<LicenseName> {
        sorted(self.0.requirements().map(|one| LicenseName::of(&one.req)))
    }

    /// The licenses that together meet it whichever way it is read; copyleft ones only where it leaves no choice. Sorted.
    pub fn sufficient(&self) -> Vec<LicenseName> {
        let is_free = |wanted: &LicenseReq| !wanted.license.id().is_some_and(|id| id.is_copyleft());
        let leaves_choice = self.0.evaluate(is_free);
        let wanted = self.0.requirements().filter(|one| !leaves_choice || is_free(&one.req));
        sorted(wanted.map(|one| LicenseName::of(&one.req)))
    }
}

impl LicenseName {
    /// Reads an SPDX identifier, or one that begins with `LicenseRef-`, maybe `WITH` an exception.
    pub fn parse(text: &str) -> Option<Self> {
        let expression = LicenseExpression::parse(text).ok()?;
        let mut nodes = expression.0.iter();
        match (nodes.next(), nodes.next()) {
            // `X+` stands for several licenses, unless SPDX has a name for that.
            (Some(ExprNode::Req(one)), None) if !is_range(&one.req) => Some(Self::of(&one.req)),
            _ => None,
        }
    }

    /// The identifier that somebody may have meant.
    pub fn nearest(text: &str) -> Option<&'static str> {
        if text.len() > 60 {
            return None;
        }
        if let Some((id, length)) = spdx::imprecise_license_id(text)
            && length == text.len()
        {
            return Some(id.name);
        }
        let text = text.to_ascii_lowercase();
        let known = spdx::identifiers::LICENSES.iter().map(|license| license.name);
        let measured =
            known.map(|name| (strsim::damerau_levenshtein(&text, &name.to_ascii_lowercase()), name));
        let near = measured.min()?;
        (near.0 <= text.len().div_ceil(4)).then_some(near.1)
    }

    fn of(wanted: &LicenseReq) -> Self {
        let license = match &wanted.license {
            LicenseItem::Spdx { id, .. } => {
                // The names without `-only` are older spellings of the same.
                let current =
                    spdx::gnu_license_id(id.name, false).filter(|_| id.is_gnu() && id.is_deprecated());
                LicenseItem::Spdx { id: current.unwrap_or(*id), or_later: false }
            }
            other => other.clone(),
        };
        Self(Licensee::new(license, wanted.addition.clone()))
    }

    fn meets(&self, wanted: &LicenseReq) -> bool {
        *self == Self::of(wanted) || self.0.satisfies(wanted)
    }
}

impl fmt::Display for LicenseExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref())
    }
}

impl fmt::Display for LicenseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A requirement with the identifier that SPDX has for it today.
fn current(wanted: &LicenseReq) -> String {
    let license = match &wanted.license {
        LicenseItem::Spdx { id, or_later } if id.is_gnu() && id.is_deprecated() => {
            let id = spdx::gnu_license_id(id.name, *or_later).unwrap_or(*id);
            LicenseItem::Spdx { id, or_later: false }
        }
        other => other.clone(),
    };
    LicenseReq { license, addition: wanted.addition.clone() }.to_string()
}

fn is_range(wanted: &LicenseReq) -> bool {
    matches!(wanted.license, LicenseItem::Spdx { or_later: true, .. })
}

fn sorted(names: impl Iterator<Item = LicenseName>) -> Vec<LicenseName> {
    let mut names = names.collect::<Vec<_>>();
    names.sort_by_key(LicenseName::to_string);
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(texts: &[&str]) -> Vec<LicenseName> {
        texts.iter().map(|text| LicenseName::parse(text).expect("a license")).collect()
    }

    fn shown(names: &[LicenseName]) -> Vec<String> {
        names.iter().map(LicenseName::to_string).collect()
    }

    #[test]
    fn what_crates_io_let_in_is_read() {
        for text in [
            "MIT",
            "MIT/Apache-2.0",
            "MIT / Apache-2.0",
            "MIT or Apache-2.0",
            "GPL-2.0",
            "GPL-2.0+",
            "GPL-2.0-only",
            "LGPL-2.1-or-later",
            "MPL-2.0+",
            "LicenseRef-Corp",
            "Apache-2.0 WITH LLVM-exception",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
        ] {
            assert!(LicenseExpression::parse(text).is_ok(), "{text}");
        }
        for text in [
            "",
            " ",
            "MIT, Apache-2.0",
            "BSD",
            "Apache 2.0",
            "Proprietary",
            "MIT OR",
            "(MIT",
            "GPL-2.0-or-later+",
        ] {
            assert!(LicenseExpression::parse(text).is_err(), "{text}");
        }
        let long = format!("MIT{}", " OR MIT".repeat(1_000));
        assert_eq!(LicenseExpression::parse(&long).expect_err("too long"), "it has 7003 bytes");
    }

    #[test]
    fn the_canonical_spelling_is_todays() {
        for (text, canonical) in [
            ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
            ("MIT or Apache-2.0", "MIT OR Apache-2.0"),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", "(MIT OR Apache-2.0) AND Unicode-3.0"),
            ("(MIT AND ISC) OR (Zlib)", "MIT AND ISC OR Zlib"),
            ("MIT AND (ISC AND Zlib)", "MIT AND ISC AND Zlib"),
            ("GPL-2.0", "GPL-2.0-only"),
            ("GPL-2.0+", "GPL-2.0-or-later"),
            ("LGPL-2.1-or-later", "LGPL-2.1-or-later"),
            ("MPL-2.0+", "MPL-2.0+"),
            ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH LLVM-exception"),
            ("LicenseRef-Corp OR MIT", "LicenseRef-Corp OR MIT"),
        ] {
            let expression = LicenseExpression::parse(text).expect("an expression");
            assert_eq!(expression.canonical(), canonical);
            let again = LicenseExpression::parse(canonical).expect("an expression");
            assert_eq!(again.canonical(), canonical);
        }
        let expression = LicenseExpression::parse("LicenseRef-b OR MIT AND LicenseRef-a").expect("one");
        assert_eq!(expression.references(), ["LicenseRef-a", "LicenseRef-b"]);
    }

    #[test]
    fn an_expression_is_met_as_spdx_defines_it() {
        for (text, allowed, missing) in [
            ("MIT OR Apache-2.0", &["Apache-2.0"][..], &[][..]),
            ("MIT/GPL-3.0", &["MIT"], &[]),
            ("MIT AND Apache-2.0", &["MIT"], &["Apache-2.0"]),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", &["MIT"], &["Apache-2.0", "Unicode-3.0"]),
            ("MIT AND ISC OR GPL-3.0-only", &["MIT", "ISC"], &[]),
            ("Apache-2.0 WITH LLVM-exception", &["Apache-2.0"], &["Apache-2.0 WITH LLVM-exception"]),
            ("Apache-2.0", &["Apache-2.0 WITH LLVM-exception"], &["Apache-2.0"]),
            ("GPL-2.0", &["GPL-2.0-only"], &[]),
            ("GPL-2.0-only", &["GPL-2.0"], &[]),
            ("GPL-2.0+", &["GPL-2.0-or-later"], &[]),
            ("GPL-2.0-or-later", &["GPL-2.0+"], &[]),
            ("GPL-2.0-or-later", &["GPL-2.0-only"], &["GPL-2.0-or-later"]),
            ("GPL-2.0-only", &["GPL-2.0-or-later"], &["GPL-2.0-only"]),
            ("MPL-1.1+", &["MPL-2.0"], &[]),
            ("MPL-2.0+", &["MPL-2.0"], &[]),
            ("MPL-2.0", &["MPL-1.1"], &["MPL-2.0"]),
            ("LicenseRef-Corp", &["LicenseRef-Corp"], &[]),
            ("LicenseRef-Corp", &["LicenseRef-Other"], &["LicenseRef-Corp"]),
            ("DocumentRef-x:LicenseRef-Corp", &["LicenseRef-Corp"], &["DocumentRef-x:LicenseRef-Corp"]),
            ("MIT", &[], &["MIT"]),
        ] {
            let (expression, allowed) = (LicenseExpression::parse(text).expect("valid"), names(allowed));
            let unmet = expression.is_met_by(allowed.iter()).err().unwrap_or_default();
            assert_eq!(shown(&unmet), missing, "{text}");
        }
    }

    #[test]
    fn a_name_is_one_license() {
        for (text, shown) in [
            ("MIT", "MIT"),
            ("GPL-2.0", "GPL-2.0-only"),
            ("GPL-2.0+", "GPL-2.0-or-later"),
            ("GPL-2.0-with-classpath-exception", "GPL-2.0-with-classpath-exception"),
            ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH LLVM-exception"),
            ("DocumentRef-d:LicenseRef-Corp.1", "DocumentRef-d:LicenseRef-Corp.1"),
        ] {
            assert_eq!(LicenseName::parse(text).expect(text).to_string(), shown);
        }
        for text in
            ["", "MITT", "MIT OR ISC", "MIT AND ISC", "MPL-2.0+", "Apache-2.0 WITH", "LLVM-exception", "mit"]
        {
            assert_eq!(LicenseName::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_slip_is_recognized() {
        for (text, near) in [
            ("MITT", Some("MIT")),
            ("mit", Some("MIT")),
            ("Apache 2.0", Some("Apache-2.0")),
            ("apache-2.0", Some("Apache-2.0")),
            ("BSD-3-clause", Some("BSD-3-Clause")),
            ("proprietary", None),
            ("\u{202e}TIM é", None),
            ("", None),
        ] {
            assert_eq!(LicenseName::nearest(text), near, "{text}");
        }
        assert_eq!(LicenseName::nearest(&"x".repeat(10_000)), None);
    }

    #[test]
    fn what_suffices_leaves_copyleft_out_where_it_can() {
        for (text, expected) in [
            ("MIT OR Apache-2.0", &["Apache-2.0", "MIT"][..]),
            ("MIT OR Apache-2.0 OR LGPL-2.1-or-later", &["Apache-2.0", "MIT"]),
            ("MPL-2.0+", &["MPL-2.0"]),
            ("GPL-3.0 OR AGPL-3.0", &["AGPL-3.0-only", "GPL-3.0-only"]),
            ("MIT AND (GPL-2.0-only OR ISC)", &["ISC", "MIT"]),
            ("MIT AND GPL-2.0+", &["GPL-2.0-or-later", "MIT"]),
        ] {
            let sufficient = LicenseExpression::parse(text).expect("valid").sufficient();
            assert_eq!(shown(&sufficient), expected, "{text}");
        }
    }

    fn expression() -> impl Strategy<Value = String> {
        let one = prop::sample::select(vec![
            "MIT",
            "Apache-2.0",
            "GPL-2.0",
            "GPL-2.0+",
            "LGPL-3.0-or-later",
            "MPL-2.0+",
            "LicenseRef-x",
            "GFDL-1.3",
            "Apache-2.0 WITH LLVM-exception",
            "GPL-3.0-only WITH Classpath-exception-2.0",
            "BSD-3-Clause",
            "AGPL-1.0",
        ]);
        let tree = one.prop_map(str::to_owned);
        tree.prop_recursive(4, 12, 2, |inner| {
            (inner.clone(), prop::sample::select(vec![" OR ", " AND ", "/"]), inner)
                .prop_map(|(left, joint, right)| format!("({left}){joint}({right})"))
        })
    }

    proptest! {
        #[test]
        fn no_text_makes_the_readers_panic(text in "\\PC{0,60}", words in "[MITGPL0-9.+/() a-zWITHORAND:-]{0,60}") {
            for text in [text, words] {
                let _ = LicenseExpression::parse(&text).map(|it| (it.names(), it.sufficient()));
                let _ = LicenseName::parse(&text);
            }
        }

        #[test]
        fn what_suffices_meets_the_expression_also_when_written_and_read_again(text in expression()) {
            let expression = LicenseExpression::parse(&text).expect("valid");
            for names in [expression.sufficient(), expression.names()] {
                let again = names.iter().map(|name| LicenseName::parse(&name.to_string()).expect("a name"));
                let again = again.collect::<Vec<_>>();
                prop_assert_eq!(&again, &names);
                prop_assert!(expression.is_met_by(again.iter()).is_ok(), "{} {:?}", text, names);
            }
        }
    }
}
