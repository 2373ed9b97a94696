//! How the rows of a schema are predicted, and where the odds of each decision lie: what the
//! streams' codec needs to know of a schema, derived once.
//!
//! Knows fields and links; doesn't know rows, bytes or adaptation.
//!
//! A *group* is a field as the codec sees it; groups are coded sources first, so that what follows
//! from another field is predicted from its new value. A *site* is a decision or a number that is
//! coded somewhere, with a block of *contexts*, each of which holds odds of its own.

use core::ops::Range;

use super::layout::Layout;
use super::site::{NumberSite, Priors};
use super::{Birth, Class, Field, FieldKind, LinkKind, SchemaData};
use crate::quantize::fixed_first_step;

/// The most lanes of a class whose motion is predicted; what is beyond holds.
pub(crate) const MOTIONS_MAX: usize = 32;

/// The most bits of a word whose motion is predicted; wider ones hold.
const MOTION_BITS_MAX: u32 = 26;

/// The fractional bits of what is known of a moving value, but for those with many of their own.
pub(crate) const FRACTION_BITS: u32 = 10;

/// Contexts of a row's flag: at rest, by how long and by the rows before it.
pub(crate) const RESTING_FLAGS: u32 = 12;
/// In motion without doubt about its rounding: by ticks since the last surprise.
pub(crate) const STEADY_FLAGS: u32 = 64;
/// In motion and in doubt: by how much, and by ticks since the last surprise.
pub(crate) const DOUBTFUL_FLAGS: u32 = 48;
/// In motion and born of a parent: by age and doubt.
pub(crate) const AGED_FLAGS: u32 = 128;
/// Contexts of "gone": by age.
pub(crate) const GONE_FLAGS: u32 = 32;
/// Contexts of "one more" for rows without a parent.
pub(crate) const MORE_FLAGS: u32 = 16;
/// Contexts of "fires": by ticks since the parent's last birth, the first in this chunk or not.
pub(crate) const FIRE_FLAGS: u32 = 128;
/// Contexts of a group's flag: by the groups before it and by ticks since its last surprise.
pub(crate) const GROUP_FLAGS: u32 = 64;
/// Contexts of how near two parts of a rotation are to being the largest.
pub(crate) const NEARNESS: u32 = 32;

/// A schema as the codec sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) classes: Vec<ClassPlan>,
    pub(crate) events: Vec<EventPlan>,
    /// "One more event": by whether it is the first.
    pub(crate) event_more: u32,
    /// The event's class, six bits as a binary tree.
    pub(crate) event_class: u32,
    /// The odds that every table begins with, and private streams keep.
    pub(crate) priors: Vec<u16>,
    /// What the causes that are counted are called.
    pub(crate) causes: Vec<Cause>,
}

/// Something that costs bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The class, or "events".
    pub class: String,
    /// The field, or what else of the class.
    pub part: String,
}

/// A class as the codec sees it.
#[derive(Clone, Debug)]
pub(crate) struct ClassPlan {
    pub(crate) word_max: Vec<u32>,
    /// In the order of coding.
    pub(crate) groups: Vec<Group>,
    pub(crate) motions: Vec<Motion>,
    /// Which of the motions are exact, as bits.
    pub(crate) exact: u32,
    /// The first vector that follows a velocity: in most rows it is all that moves.
    pub(crate) vector: Option<Vector>,
    pub(crate) rotations: Vec<Rotation>,
    /// How many groups are vectors whose length is learned.
    pub(crate) circles: usize,
    pub(crate) parent: Option<Parent>,
    /// Whether rows of a later class are born of this class's.
    pub(crate) is_parent: bool,
    pub(crate) row_flag: u32,
    pub(crate) gone: u32,
    pub(crate) more: u32,
    pub(crate) fires: u32,
    pub(crate) surprising_birth: u32,
    /// The first of the class's causes: rows, deaths, births; the groups' follow.
    pub(crate) cause: usize,
}

/// Where the rows of a class come from.
#[derive(Clone, Debug)]
pub(crate) struct Parent {
    /// The parents' class.
    pub(crate) class: usize,
    /// The word that refers to the parent.
    pub(crate) word: usize,
    /// The velocity that points along an angle of the parent.
    pub(crate) launch: Option<Launch>,
    /// Words that start as words of the parent.
    pub(crate) copies: Vec<(usize, usize)>,
}

/// A velocity that starts along a parent's angle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Launch {
    /// The first of the two words of the velocity.
    pub(crate) word: usize,
    /// The integer that word 0 stands for.
    pub(crate) first_step: i32,
    /// The parent's word.
    pub(crate) angle: usize,
    /// The angle's bits.
    pub(crate) bits: u8,
}

/// A field as the codec sees it.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) words: Range<usize>,
    pub(crate) kind: GroupKind,
    /// The contexts of "not as predicted".
    pub(crate) flag: u32,
    /// The residuals of each word.
    pub(crate) numbers: Vec<NumberSite>,
    /// The residuals of each word of a newcomer.
    pub(crate) births: Vec<NumberSite>,
}

/// How a group is predicted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum GroupKind {
    /// One flag: its flag is its value.
    Flag,
    /// Words that hold.
    Words,
    /// Lanes that may move, the first of which is motion `first`.
    Motion {
        first: usize,
        /// A vector of the plane whose length is learned.
        circle: Option<Circle>,
    },
    /// An angle, which holds or follows a velocity.
    Angle { bits: u8, heading: Option<Source> },
    /// A rotation that goes on turning.
    Rotation {
        index: usize,
        /// "Another part is the largest."
        largest: u32,
        /// "And not the likeliest."
        second: u32,
    },
}

/// A field that others follow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    /// Its first word.
    pub(crate) word: usize,
    /// The integer that word 0 stands for.
    pub(crate) first_step: i32,
}

/// A vector of the plane whose length is learned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circle {
    pub(crate) index: usize,
    pub(crate) first_step: i32,
    /// "The vector is none", where its first part is 0.
    pub(crate) stops: u32,
    /// "The second part is below 0."
    pub(crate) sign: u32,
    /// The residual of the second part's magnitude.
    pub(crate) number: NumberSite,
}

/// A lane that may move.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Motion {
    pub(crate) word: usize,
    pub(crate) max: u32,
    /// The fractional bits of what is known of it.
    pub(crate) fraction_bits: u32,
    pub(crate) follows: Option<Follows>,
    /// Whether others follow it: it is taken to hold until it is seen to move.
    pub(crate) is_source: bool,
}

/// The velocity that a lane follows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Follows {
    pub(crate) word: usize,
    pub(crate) first_step: i32,
    pub(crate) num: u32,
    pub(crate) den: u32,
    pub(crate) exact: bool,
}

/// A field of two or three lanes that follow a velocity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vector {
    /// Its first motion, and how many it has.
    pub(crate) first: usize,
    pub(crate) count: usize,
    /// Its motions as bits.
    pub(crate) moving: u32,
    /// Its first word.
    pub(crate) word: usize,
    /// As in each of its motions.
    pub(crate) max: u32,
    pub(crate) fraction_bits: u32,
    /// What exact lanes' remainders are out of.
    pub(crate) den: Option<i32>,
}

/// A rotation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rotation {
    pub(crate) word: usize,
    pub(crate) bits: u8,
}

/// An event class as the codec sees it.
#[derive(Clone, Debug)]
pub(crate) struct EventPlan {
    /// Of each word: "not as in the last event of the class".
    pub(crate) differs: u32,
    pub(crate) cause: usize,
}

impl Plan {
    pub(super) fn of(data: &SchemaData, classes: &[Layout], events: &[Layout]) -> Self {
        let mut priors = Priors::default();
        let mut causes = Vec::new();
        let cause = |class: &str, part: &str| Cause {
            class: class.to_owned(),
            part: part.to_owned(),
        };
        let mut plans = Vec::new();
        for (class, layout) in data.classes.iter().zip(classes) {
            let mut plan = ClassBuilder::new(class, layout, &mut priors).build();
            plan.parent = parent(class, layout, data, classes);
            if let Some(parent) = &plan.parent {
                let parents: &mut ClassPlan = &mut plans[parent.class];
                parents.is_parent = true;
            }
            plan.cause = causes.len();
            causes.extend(["rows", "deaths", "births"].map(|part| cause(&class.name, part)));
            let order = coding_order(class);
            causes.extend(
                order
                    .iter()
                    .map(|&at| cause(&class.name, &class.fields[at].name)),
            );
            plans.push(plan);
        }
        let mut event_plans = Vec::new();
        for (class, layout) in data.events.iter().zip(events) {
            event_plans.push(EventPlan {
                differs: priors.even(u32_of(layout.words())),
                cause: causes.len(),
            });
            causes.push(cause("events", &class.name));
        }
        causes.push(cause("events", "how many and which"));
        Self {
            classes: plans,
            events: event_plans,
            event_more: priors.rare(2),
            event_class: priors.even(64),
            priors: priors.into_words(),
            causes,
        }
    }

    /// The cause that belongs to no class.
    pub(crate) fn stream_cause(&self) -> usize {
        self.causes.len().saturating_sub(1)
    }
}

impl ClassPlan {
    /// The class's rows' own cause, and those of their deaths and births.
    pub(crate) fn deaths_cause(&self) -> usize {
        self.cause + 1
    }

    pub(crate) fn births_cause(&self) -> usize {
        self.cause + 2
    }

    pub(crate) fn group_cause(&self, group: usize) -> usize {
        // Asked for at each group, mostly for nobody: nothing is left of it if it can't overflow.
        self.cause.wrapping_add(3).wrapping_add(group)
    }

    /// The vector, if it is what moves of a row.
    #[inline]
    pub(crate) fn moving_vector(&self, moving: u32) -> Option<&Vector> {
        self.vector
            .as_ref()
            .filter(|vector| vector.moving == moving)
    }

    /// Words in a row.
    pub(crate) fn words(&self) -> usize {
        self.word_max.len()
    }
}

/// Fields in the order in which they are coded: the first in the schema's order whose source has
/// been, again and again.
fn coding_order(class: &Class) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    while order.len() < class.fields.len() {
        let ready = |&index: &usize| {
            let source = class.fields[index]
                .link
                .map(|link| usize::from(link.source));
            !order.contains(&index) && source.is_none_or(|source| order.contains(&source))
        };
        let next = (0..class.fields.len()).find(ready);
        order.push(next.expect("links lead to no circle"));
    }
    order
}

/// Puts one class together.
struct ClassBuilder<'a> {
    class: &'a Class,
    layout: &'a Layout,
    priors: &'a mut Priors,
    motions: Vec<Motion>,
    rotations: Vec<Rotation>,
    circles: usize,
}

impl<'a> ClassBuilder<'a> {
    fn new(class: &'a Class, layout: &'a Layout, priors: &'a mut Priors) -> Self {
        Self {
            class,
            layout,
            priors,
            motions: Vec::new(),
            rotations: Vec::new(),
            circles: 0,
        }
    }

    fn build(mut self) -> ClassPlan {
        let row_flag = self.priors.rare(RESTING_FLAGS);
        let born = self
            .class
            .fields
            .iter()
            .any(|field| field.birth == Some(Birth::Parent));
        let moving = if born {
            AGED_FLAGS
        } else {
            STEADY_FLAGS + DOUBTFUL_FLAGS
        };
        self.priors.uncommon(moving);
        let gone = self.priors.uncommon(if born { GONE_FLAGS } else { 1 });
        let more = self.priors.rare(MORE_FLAGS);
        let fires = self.priors.rare(if born { FIRE_FLAGS } else { 0 });
        let surprising_birth = self.priors.even(1);
        let order = coding_order(self.class);
        let groups: Vec<Group> = order.into_iter().map(|index| self.group(index)).collect();
        let vector = groups.iter().find_map(|group| vector(group, &self.motions));
        let is_exact = |motion: &Motion| motion.follows.is_some_and(|follows| follows.exact);
        let exact = (0..)
            .zip(&self.motions)
            .map(|(index, motion)| u32::from(is_exact(motion)) << index)
            .sum();
        ClassPlan {
            word_max: self.layout.word_max().to_vec(),
            groups,
            motions: self.motions,
            exact,
            vector,
            rotations: self.rotations,
            circles: self.circles,
            parent: None,
            is_parent: false,
            row_flag,
            gone,
            more,
            fires,
            surprising_birth,
            cause: 0,
        }
    }

    fn group(&mut self, index: usize) -> Group {
        let field = &self.class.fields[index];
        let words = self.layout.field_words()[index].clone();
        let bits = &self.layout.word_bits()[words.clone()];
        let flag = self.priors.uncommon(GROUP_FLAGS);
        let kind = self.kind(index, field, &words);
        let (contexts, signs) = match kind {
            GroupKind::Flag => (0, 0),
            GroupKind::Words | GroupKind::Angle { .. } => (64, 16),
            GroupKind::Motion { .. } => (128, 48),
            GroupKind::Rotation { .. } => (64, 64),
        };
        let mut number = |contexts, signs| -> Vec<NumberSite> {
            let site = |&bits: &u32| self.priors.number(contexts, signs, bits);
            bits.iter().map(site).collect()
        };
        let numbers = number(contexts, signs);
        let births = number(8, 1);
        Group {
            words,
            kind,
            flag,
            numbers,
            births,
        }
    }

    fn kind(&mut self, index: usize, field: &Field, words: &Range<usize>) -> GroupKind {
        let bits = self.layout.word_bits()[words.start];
        match field.kind {
            FieldKind::Bool if field.lanes == 1 => GroupKind::Flag,
            FieldKind::Angle(bits) if field.lanes == 1 => GroupKind::Angle {
                bits,
                heading: field.link.map(|link| self.source(link.source)),
            },
            FieldKind::Quaternion(bits) if field.lanes == 1 => {
                self.rotations.push(Rotation {
                    word: words.start,
                    bits,
                });
                GroupKind::Rotation {
                    index: self.rotations.len() - 1,
                    largest: self.priors.uncommon(NEARNESS),
                    second: self.priors.uncommon(NEARNESS),
                }
            }
            FieldKind::Fixed { .. }
                if bits <= MOTION_BITS_MAX && self.motions.len() + words.len() <= MOTIONS_MAX =>
            {
                self.motion(index, field, words)
            }
            _ => GroupKind::Words,
        }
    }

    fn motion(&mut self, index: usize, field: &Field, words: &Range<usize>) -> GroupKind {
        let first = self.motions.len();
        let is_source = self.class.fields.iter().any(|other| {
            other
                .link
                .is_some_and(|link| usize::from(link.source) == index)
        });
        for (lane, word) in words.clone().enumerate() {
            let bits = self.layout.word_bits()[word];
            let follows = field.link.and_then(|link| {
                let source = self.source(link.source);
                let (num, den, exact) = match link.kind {
                    LinkKind::Follows { num, den } => (num, den, false),
                    LinkKind::Exact { num, den } => (num, den, true),
                    LinkKind::Heading => return None,
                };
                Some(Follows {
                    word: source.word + lane,
                    first_step: source.first_step,
                    num,
                    den,
                    exact,
                })
            });
            self.motions.push(Motion {
                word,
                max: self.layout.word_max()[word],
                fraction_bits: FRACTION_BITS.min(30 - bits),
                follows,
                is_source,
            });
        }
        let along = matches!(field.birth, Some(Birth::Along(_)));
        let circle = (words.len() == 2 && (is_source || along)).then(|| {
            self.circles += 1;
            Circle {
                index: self.circles - 1,
                first_step: first_step(field.kind),
                stops: self.priors.even(1),
                sign: self.priors.even(3),
                // A source reaches 2^24 steps, and a length by half more.
                number: self.priors.number(8, 1, 26),
            }
        });
        GroupKind::Motion { first, circle }
    }

    fn source(&self, index: u8) -> Source {
        let index = usize::from(index);
        Source {
            word: self.layout.field_words()[index].start,
            first_step: first_step(self.class.fields[index].kind),
        }
    }
}

/// The lanes of a group, if they are a vector that follows a velocity.
fn vector(group: &Group, motions: &[Motion]) -> Option<Vector> {
    let GroupKind::Motion { first, .. } = group.kind else {
        return None;
    };
    let motion = &motions[first];
    let follows = motion.follows?;
    let count = group.words.len();
    (2..=3).contains(&count).then(|| Vector {
        first,
        count,
        moving: ((1 << count) - 1) << first,
        word: motion.word,
        max: motion.max,
        fraction_bits: motion.fraction_bits,
        den: follows.exact.then_some(follows.den.cast_signed()),
    })
}

fn parent(class: &Class, layout: &Layout, data: &SchemaData, layouts: &[Layout]) -> Option<Parent> {
    let births = || class.fields.iter().zip(layout.field_words());
    let (field, words) = births().find(|(field, _)| field.birth == Some(Birth::Parent))?;
    let parents = usize::from(field.target?.0);
    let parent_words = layouts[parents].field_words();
    let mut parent = Parent {
        class: parents,
        word: words.start,
        launch: None,
        copies: Vec::new(),
    };
    for (field, words) in births() {
        match field.birth {
            Some(Birth::Copies(index)) => {
                let from = parent_words[usize::from(index)].clone();
                parent.copies.extend(words.clone().zip(from));
            }
            Some(Birth::Along(index)) => {
                let index = usize::from(index);
                let FieldKind::Angle(bits) = data.classes[parents].fields[index].kind else {
                    continue;
                };
                parent.launch = Some(Launch {
                    word: words.start,
                    first_step: first_step(field.kind),
                    angle: parent_words[index].start,
                    bits,
                });
            }
            Some(Birth::Parent) | None => {}
        }
    }
    Some(parent)
}

/// The integer that word 0 of a fixed field stands for.
fn first_step(kind: FieldKind) -> i32 {
    match kind {
        FieldKind::Fixed { min, step, .. } => {
            i32::try_from(fixed_first_step(min, step)).unwrap_or(0)
        }
        _ => 0,
    }
}

fn u32_of(count: usize) -> u32 {
    u32::try_from(count).expect("a row has few words")
}
