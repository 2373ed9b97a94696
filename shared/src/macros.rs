//! The two declarations that a game makes: [`replicated!`](macro@crate::replicated) for rows, inputs and
//! events, [`commands!`](crate::commands) for commands.

/// Declares a type that travels as words, in one place: the struct, its class, how it is written
/// and how it is read.
///
/// Each field has a Rust type and, after `=>`, a kind: `flag`, `bits(n)`, `fixed(min, max, step)`,
/// `angle(bits)`, `quaternion(bits)`, `counter`, `entity("Class")`; then hints, each of which saves
/// bytes where it holds and costs little where it doesn't:
///
/// - where its next value follows from another field, a link: `exact(field, num, den)`,
///   `follows(field, num, den)`, `heading(field)`;
/// - where its first value follows from the row that made this one: `parent()` on the entity field
///   that refers to it, `copies(field)` and `along(field)` on others, with a field of the parent.
///
/// ```
/// use glam::IVec2;
///
/// syncline_shared::replicated! {
///     /// A ball that moves on the coded grid.
///     #[derive(Clone, Debug, PartialEq)]
///     pub struct Ball {
///         /// In sixteenths of a unit.
///         pub position: IVec2 => fixed(0.0, 100.0, 0.0625) exact(velocity, 1, 1),
///         /// In sixteenths of a unit per tick.
///         pub velocity: IVec2 => fixed(-4.0, 4.0, 0.0625),
///         /// Whether it glows.
///         pub lit: bool => flag,
///     }
/// }
/// ```
///
/// A type that can't hold what its kind says does not compile:
///
/// ```compile_fail
/// syncline_shared::replicated! {
///     pub struct Crate {
///         pub attitude: f32 => quaternion(9),
///     }
/// }
/// ```
///
/// An enum declares event classes, one for each variant:
///
/// ```
/// syncline_shared::replicated! {
///     /// What happened.
///     #[derive(Clone, Debug, PartialEq)]
///     pub enum Happened {
///         /// A ball hit a wall.
///         Bounce {
///             /// How hard.
///             speed: u8 => bits(8),
///         },
///         /// The sun rose.
///         Dawn {},
///     }
/// }
/// ```
#[macro_export]
macro_rules! replicated {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $(
                $(#[$field_meta:meta])*
                $field_vis:vis $field:ident : $type:ty =>
                    $kind:ident $( ( $($kind_arg:expr),* ) )?
                    $( $hint:ident ( $( $source:ident $(, $hint_arg:expr)* )? ) )*
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        $vis struct $name {
            $( $(#[$field_meta])* $field_vis $field: $type, )*
        }

        impl $crate::replicated::Replicated for $name {
            const CLASSES: &'static [$crate::replicated::ClassSpec] =
                &[$crate::replicated!(@class $name {
                    $( $field: $type => $kind $( ( $($kind_arg),* ) )?
                        $( $hint ( $( $source $(, $hint_arg)* )? ) )* ),*
                })];

            fn class(&self) -> usize {
                0
            }

            #[allow(unused_variables)]
            fn write(&self, row: &mut $crate::replicated::RowWriter<'_>) {
                $( $crate::replicated!(@write &self.$field, $type, row,
                    $kind $( ( $($kind_arg),* ) )?); )*
            }

            #[allow(unused_variables)]
            fn read(class: usize, row: &mut $crate::replicated::RowReader<'_>) -> Option<Self> {
                (class == 0).then(|| Self {
                    $( $field: $crate::replicated!(@read $type, row,
                        $kind $( ( $($kind_arg),* ) )?), )*
                })
            }
        }
    };

    ( $(#[$meta:meta])* $vis:vis enum $name:ident {} ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        $vis enum $name {}

        impl $crate::replicated::Replicated for $name {
            const CLASSES: &'static [$crate::replicated::ClassSpec] = &[];

            fn class(&self) -> usize {
                match *self {}
            }

            fn write(&self, _: &mut $crate::replicated::RowWriter<'_>) {
                match *self {}
            }

            fn read(_: usize, _: &mut $crate::replicated::RowReader<'_>) -> Option<Self> {
                None
            }
        }
    };

    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident {
                    $(
                        $(#[$field_meta:meta])*
                        $field:ident : $type:ty => $kind:ident $( ( $($kind_arg:expr),* ) )?
                    ),* $(,)?
                }
            ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        $vis enum $name {
            $( $(#[$variant_meta])* $variant { $( $(#[$field_meta])* $field: $type, )* }, )+
        }

        const _: () = {
            /// The variants, numbered in order.
            #[derive(Clone, Copy)]
            enum __Number { $( $variant, )+ }

            impl $crate::replicated::Replicated for $name {
                const CLASSES: &'static [$crate::replicated::ClassSpec] = &[
                    $( $crate::replicated!(@class $variant {
                        $( $field: $type => $kind $( ( $($kind_arg),* ) )? ),*
                    }) ),+
                ];

                fn class(&self) -> usize {
                    match self {
                        $( Self::$variant { .. } => __Number::$variant as usize, )+
                    }
                }

                #[allow(unused_variables)]
                fn write(&self, row: &mut $crate::replicated::RowWriter<'_>) {
                    match self {
                        $( Self::$variant { $($field),* } => {
                            $( $crate::replicated!(@write $field, $type, row,
                                $kind $( ( $($kind_arg),* ) )?); )*
                        } )+
                    }
                }

                #[allow(unused_variables)]
                fn read(
                    class: usize,
                    row: &mut $crate::replicated::RowReader<'_>,
                ) -> Option<Self> {
                    $( if class == __Number::$variant as usize {
                        return Some(Self::$variant {
                            $( $field: $crate::replicated!(@read $type, row,
                                $kind $( ( $($kind_arg),* ) )?), )*
                        });
                    } )+
                    None
                }
            }
        };
    };

    (@class $name:ident {
        $( $field:ident : $type:ty => $kind:ident $( ( $($kind_arg:expr),* ) )?
            $( $hint:ident ( $( $source:ident $(, $hint_arg:expr)* )? ) )* ),*
    }) => {
        $crate::replicated::ClassSpec {
            name: stringify!($name),
            fields: &[ $( {
                const KIND: $crate::replicated::KindSpec =
                    $crate::replicated::kind::$kind( $( $($kind_arg),* )? );
                const _: () = assert!(
                    <$type as $crate::replicated::FieldValue>::SHAPE.suits(KIND.kind),
                    concat!("the type of ", stringify!($field), " does not suit its kind"),
                );
                $crate::replicated::FieldSpec {
                    name: stringify!($field),
                    kind: KIND,
                    lanes: <$type as $crate::replicated::FieldValue>::LANES,
                    hints: &[ $(
                        $crate::replicated!(@hint $hint ( $( $source $(, $hint_arg)* )? ))
                    ),* ],
                }
            } ),* ],
        }
    };
    (@hint $hint:ident ( $( $source:ident $(, $hint_arg:expr)* )? )) => {
        (
            concat!("", $( stringify!($source) )?),
            $crate::replicated::hint::$hint( $( $($hint_arg),* )? ),
        )
    };
    (@write $value:expr, $type:ty, $row:ident, $kind:ident $( ( $($kind_arg:expr),* ) )?) => {{
        const KIND: $crate::schema::FieldKind =
            $crate::replicated::kind::$kind( $( $($kind_arg),* )? ).kind;
        <$type as $crate::replicated::FieldValue>::write($value, KIND, $row)
    }};
    (@read $type:ty, $row:ident, $kind:ident $( ( $($kind_arg:expr),* ) )?) => {{
        const KIND: $crate::schema::FieldKind =
            $crate::replicated::kind::$kind( $( $($kind_arg),* )? ).kind;
        <$type as $crate::replicated::FieldValue>::read(KIND, $row)
    }};
}

/// Declares a game's commands: an enum with serde's derives and a description for clients in other
/// languages. Fields are `bool`, `u8`, `u16`, `u32`, `i32`, `f32`, `String` or `Vec<u8>`.
///
/// ```
/// syncline_shared::commands! {
///     /// What a player may ask for.
///     pub enum Command {
///         /// Another ship.
///         ChooseShip {
///             /// Its number.
///             ship: u8,
///         },
///         /// A few words on the hull.
///         Paint {
///             /// The words.
///             text: String,
///         },
///     }
/// }
/// ```
#[macro_export]
macro_rules! commands {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident {
                    $( $(#[$field_meta:meta])* $field:ident : $type:ty ),* $(,)?
                }
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, $crate::serde::Serialize, $crate::serde::Deserialize)]
        #[serde(crate = "syncline_shared::serde")]
        $vis enum $name {
            $( $(#[$variant_meta])* $variant { $( $(#[$field_meta])* $field: $type, )* }, )*
        }

        impl $crate::replicated::Commands for $name {
            fn classes() -> Vec<$crate::schema::CommandClass> {
                vec![ $( $crate::schema::CommandClass {
                    name: stringify!($variant).to_owned(),
                    fields: vec![ $( $crate::schema::CommandField {
                        name: stringify!($field).to_owned(),
                        kind: <$type as $crate::replicated::CommandValue>::KIND,
                    } ),* ],
                } ),* ]
            }
        }
    };
}
