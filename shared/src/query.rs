//! Queries: which rooms somebody would like, such as `mode=ctf players<8`.
//!
//! Terms stand one after the other, and a room has to match all of them. A term compares a name with
//! a value, without spaces: `=`, `!=`, `<`, `<=`, `>` or `>=`. A name is what every room has
//! ([`RESERVED_NAMES`]) or a label. Whole numbers compare as numbers, anything else letter by letter,
//! and only for being equal or not.

use core::cmp::Ordering;
use core::str::FromStr;

use crate::labels::{LabelError, Labels, RESERVED_NAMES, is_name, is_value, shown};
use crate::limits::{QUERY_BYTES_MAX, QUERY_TERMS_MAX};

/// The comparisons as they are written, so that none begins another one before it.
const SIGNS: [(&str, Comparison); 6] = [
    ("=", Comparison::Equal),
    ("!=", Comparison::Unequal),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

/// What of every room is a number.
const NUMBERS: [&str; 4] = ["players", "seats", "free", "spectators"];

/// What a room has to be like. The default one matches every room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    name: String,
    comparison: Comparison,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Why a text is no query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// It has more than [`QUERY_BYTES_MAX`] bytes.
    #[error("a query has at most {QUERY_BYTES_MAX} bytes")]
    TooLong,
    /// It has more than [`QUERY_TERMS_MAX`] terms.
    #[error("a query has at most {QUERY_TERMS_MAX} terms")]
    TooManyTerms,
    /// A term is not a name, a comparison and a value.
    #[error("{0:?} is no term of a query, as mode=ctf and players<8 are")]
    NotATerm(String),
    /// A term asks for more or less than something that is no whole number.
    #[error("{0:?} compares with something that is no whole number")]
    NotANumber(String),
    /// A name is asked to equal two values.
    #[error("{0} can't be two things at once")]
    Contradiction(String),
}

/// A room as a query sees it.
#[derive(Clone, Copy, Debug)]
pub struct RoomFacts<'a> {
    /// The game's name.
    pub game: &'a str,
    /// "lobby", "held", "running" or "ended".
    pub phase: &'a str,
    /// Seats taken.
    pub players: u32,
    /// Seats in all.
    pub seats: u32,
    /// Those who watch.
    pub spectators: u32,
    /// What its maker chose.
    pub labels: &'a Labels,
}

/// What a name of a query stands for in a room.
enum Fact<'a> {
    Number(i64),
    Text(&'a str),
}

impl RoomFacts<'_> {
    fn get(&self, name: &str) -> Option<Fact<'_>> {
        let fact = match name {
            "game" => Fact::Text(self.game),
            "phase" => Fact::Text(self.phase),
            "players" => Fact::Number(self.players.into()),
            "seats" => Fact::Number(self.seats.into()),
            "free" => Fact::Number(self.seats.saturating_sub(self.players).into()),
            "spectators" => Fact::Number(self.spectators.into()),
            label => Fact::Text(self.labels.get(label)?),
        };
        Some(fact)
    }
}

impl Query {
    /// Whether a room is like that.
    pub fn matches(&self, room: &RoomFacts<'_>) -> bool {
        self.terms.iter().all(|term| term.matches(room))
    }

    /// Whether a room that was just made could be like that. Terms about who is in a room and how far
    /// it has come are about rooms that are there, and are passed over.
    pub fn matches_new(&self, room: &RoomFacts<'_>) -> bool {
        let changes =
            |term: &&Term| ["phase", "players", "free", "spectators"].contains(&term.name.as_str());
        let mut lasting = self.terms.iter().filter(|term| !changes(term));
        lasting.all(|term| term.matches(room))
    }

    /// The labels that a room needs to be like that, as far as terms say what they equal.
    ///
    /// # Errors
    ///
    /// Never, since a query has no more terms and no other names and values than labels may have.
    pub fn labels(&self) -> Result<Labels, LabelError> {
        let equal = self.terms.iter();
        let equal = equal.filter(|term| term.comparison == Comparison::Equal);
        let labels = equal.filter(|term| !RESERVED_NAMES.contains(&term.name.as_str()));
        let mut pairs: Vec<_> = labels.map(|term| (&*term.name, &*term.value)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        Labels::new(pairs)
    }

    /// What `name` has to equal, if a term says so.
    pub fn wants(&self, name: &str) -> Option<&str> {
        let is_it = |term: &&Term| term.comparison == Comparison::Equal && term.name == name;
        let term = self.terms.iter().find(is_it)?;
        Some(&term.value)
    }
}

impl FromStr for Query {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        if text.len() > QUERY_BYTES_MAX {
            return Err(QueryError::TooLong);
        }
        let mut query = Self::default();
        for term in text.split_ascii_whitespace() {
            if query.terms.len() == QUERY_TERMS_MAX {
                return Err(QueryError::TooManyTerms);
            }
            let term: Term = term.parse()?;
            let wanted = query.wants(&term.name);
            if term.comparison == Comparison::Equal
                && wanted.is_some_and(|wanted| wanted != term.value)
            {
                return Err(QueryError::Contradiction(term.name));
            }
            query.terms.push(term);
        }
        Ok(query)
    }
}

impl FromStr for Term {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        let wrong = || QueryError::NotATerm(shown(text));
        let end = text.find(['=', '!', '<', '>']).ok_or_else(wrong)?;
        let (name, rest) = text.split_at(end);
        let read =
            |(sign, comparison): &(&str, Comparison)| Some((*comparison, rest.strip_prefix(sign)?));
        let (comparison, value) = SIGNS.iter().find_map(read).ok_or_else(wrong)?;
        if !is_name(name) || !is_value(value) {
            return Err(wrong());
        }
        let ordered = !matches!(comparison, Comparison::Equal | Comparison::Unequal);
        if (ordered || NUMBERS.contains(&name)) && number(value).is_none() {
            return Err(QueryError::NotANumber(shown(text)));
        }
        Ok(Self {
            name: name.to_owned(),
            comparison,
            value: value.to_owned(),
        })
    }
}

impl Term {
    fn matches(&self, room: &RoomFacts<'_>) -> bool {
        let Some(fact) = room.get(&self.name) else {
            // What a room does not have is unlike everything.
            return self.comparison == Comparison::Unequal;
        };
        let found = match fact {
            Fact::Number(found) => Some(found),
            Fact::Text(text) => number(text),
        };
        match (found, number(&self.value), fact) {
            (Some(found), Some(wanted), _) => self.comparison.holds(found.cmp(&wanted)),
            (_, _, Fact::Text(text)) if self.value == text => {
                self.comparison.holds(Ordering::Equal)
            }
            _ => self.comparison == Comparison::Unequal,
        }
    }
}

impl Comparison {
    /// Whether it holds of two numbers that are ordered so.
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Unequal => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// The whole number that a value is.
fn number(value: &str) -> Option<i64> {
    value.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn facts(labels: &Labels) -> RoomFacts<'_> {
        RoomFacts {
            game: "arena",
            phase: "running",
            players: 3,
            seats: 8,
            spectators: 0,
            labels,
        }
    }

    fn matches(query: &str) -> bool {
        let labels = Labels::new([("mode", "ctf"), ("rank", "12"), ("build", "1.9")]).unwrap();
        query.parse::<Query>().unwrap().matches(&facts(&labels))
    }

    #[test]
    fn a_room_matches_what_is_true_of_it() {
        for query in [
            "",
            "  ",
            "mode=ctf",
            "mode=ctf players<8",
            "rank>9 rank<=12 rank!=2",
            "rank=012",
            "game=arena phase=running players=3 seats>=8 free=5 spectators=0",
            "mode!=ffa region!=eu",
            "build=1.9",
        ] {
            assert!(matches(query), "{query}");
        }
        for query in [
            "mode=ffa",
            "mode=CTF",
            "mode=ctf players>3",
            "rank<9",
            "region=eu",
            "region<5",
            "mode<5",
            "build=1.90",
            "mode!=ctf",
            "free>5",
        ] {
            assert!(!matches(query), "{query}");
        }
    }

    #[test]
    fn what_is_no_query_is_refused_for_what_is_wrong() {
        let error = |query: &str| query.parse::<Query>().unwrap_err();
        for term in [
            "mode",
            "=ctf",
            "mode=",
            "mode==ctf",
            "a!b",
            "Mode=x",
            "a=b=c",
            "a<>2",
        ] {
            assert_eq!(error(term), QueryError::NotATerm(term.to_owned()));
        }
        for term in ["mode<ctf", "players=many", "rank>=1.5"] {
            assert_eq!(error(term), QueryError::NotANumber(term.to_owned()));
        }
        let both = error("mode=ctf mode=ffa");
        assert_eq!(both, QueryError::Contradiction("mode".to_owned()));
        assert_eq!(error(&"a=1 ".repeat(9)), QueryError::TooManyTerms);
        assert_eq!(error(&" ".repeat(513)), QueryError::TooLong);
    }

    #[test]
    fn a_new_room_is_made_as_equalities_say_and_judged_by_what_lasts() {
        let query: Query = "mode=ctf rank>=5 region=eu players>2 game=arena mode=ctf"
            .parse()
            .unwrap();
        let labels = query.labels().unwrap();
        assert_eq!(
            labels,
            Labels::new([("mode", "ctf"), ("region", "eu")]).unwrap()
        );
        assert_eq!(
            (query.wants("game"), query.wants("rank")),
            (Some("arena"), None)
        );
        assert!(!query.matches_new(&facts(&labels)), "it has no rank");
        let easy: Query = "mode=ctf players>7 phase=ended seats<9".parse().unwrap();
        assert!(easy.matches_new(&facts(&labels)));
        let small: Query = "mode=ctf seats<8".parse().unwrap();
        assert!(!small.matches_new(&facts(&labels)));
    }

    fn name() -> impl Strategy<Value = String> {
        let names = vec!["players", "seats", "free", "mode", "rank", "region"];
        prop::sample::select(names).prop_map(str::to_owned)
    }

    fn sign() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec!["=", "!=", "<", "<=", ">", ">="])
    }

    proptest! {
        /// Against a twin that reads each term on its own, of numbers alone.
        #[test]
        fn a_room_matches_a_query_if_it_matches_each_term(
            terms in prop::collection::vec((name(), sign(), -3i64..12), 0..=8),
            rank in -3i64..12,
        ) {
            let text: Vec<String> = terms.iter().map(|(n, s, v)| format!("{n}{s}{v}")).collect();
            let labels = Labels::new([("rank", rank.to_string())]).unwrap();
            let room = facts(&labels);
            let one = |(name, sign, value): &(String, &str, i64)| {
                let found = match name.as_str() {
                    "players" => 3,
                    "seats" => 8,
                    "free" => 5,
                    "rank" => rank,
                    _ => return *sign == "!=",
                };
                match *sign {
                    "=" => found == *value,
                    "!=" => found != *value,
                    "<" => found < *value,
                    "<=" => found <= *value,
                    ">" => found > *value,
                    _ => found >= *value,
                }
            };
            match text.join(" ").parse::<Query>() {
                Ok(query) => prop_assert_eq!(query.matches(&room), terms.iter().all(one)),
                Err(error) => prop_assert!(matches!(error, QueryError::Contradiction(_))),
            }
        }

        /// What is made because nothing matched is found by the next who asks for the same.
        #[test]
        fn a_room_made_for_equalities_matches_them(
            pairs in prop::collection::btree_map("[a-z][a-z0-9_]{2,5}", "[A-Za-z0-9_.:-]{1,8}", 0..=8),
        ) {
            let text: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
            prop_assume!(RESERVED_NAMES.iter().all(|name| !pairs.contains_key(*name)));
            let query: Query = text.join(" ").parse().unwrap();
            let labels = query.labels().unwrap();
            let room = facts(&labels);
            prop_assert!(query.matches(&room) && query.matches_new(&room));
        }

        #[test]
        fn garbage_never_panics(text: String, labels in prop::collection::vec(("[a-z]{4}", "[0-9]{1,3}"), 0..3)) {
            if let (Ok(query), Ok(labels)) = (text.parse::<Query>(), Labels::new(labels)) {
                query.matches(&facts(&labels));
                prop_assert!(query.labels().is_ok());
            }
        }
    }
}
