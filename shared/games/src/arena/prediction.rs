//! What clients of arena run ahead of the server: their own ship's flight.

use syncline_shared::id::PlayerId;
use syncline_shared::predict::Predict;
use syncline_shared::replicated::Reference;
use syncline_shared::schema::Schema;
use syncline_shared::snapshot::{Event, Frame};

use super::flight::Flight;
use super::map::WALLS_MAX;
use super::rows::{ArenaEvent, ArenaInput, Cockpit, PickupKind, Rules, Ship, ShipKind, Wall};
use super::scenery::Scenery;

/// The prediction of arena.
#[derive(Clone, Copy, Debug)]
pub struct ArenaPrediction;

impl Predict for ArenaPrediction {
    type Input = ArenaInput;
    type State = Flight;
    type Scenery = Scenery;

    fn scenery(schema: &Schema, common: &Frame) -> Option<Scenery> {
        let (_, rules) = common.entities::<Rules>(schema).next()?;
        let kinds = common.entities::<ShipKind>(schema).map(|(_, kind)| kind);
        // No sound map has more walls; whoever sends them gets no more memory for it.
        let walls = common
            .entities::<Wall>(schema)
            .map(|(_, wall)| wall)
            .take(WALLS_MAX);
        Some(Scenery::new(rules, kinds.collect(), walls.collect()))
    }

    fn state(schema: &Schema, common: &Frame, own: &Frame, player: PlayerId) -> Option<Flight> {
        let (_, cockpit) = own.entities::<Cockpit>(schema).next()?;
        let Reference::Common(slot) = cockpit.ship else {
            return None;
        };
        let ship: Ship = common.entity(schema, slot)?;
        (ship.alive && ship.owner == player).then_some(Flight {
            position: ship.position,
            velocity: ship.velocity,
            aim: ship.aim,
            kind: ship.kind,
            cooldown: cockpit.cooldown,
            rapid: cockpit.rapid,
        })
    }

    fn step(scenery: &Scenery, state: &mut Flight, input: &ArenaInput) {
        state.step(scenery, input);
    }

    fn touches(event: &Event, player: PlayerId) -> Option<&'static str> {
        let (whom, cause) = match event.read()? {
            ArenaEvent::Destroyed { victim, .. } => (victim, "hit"),
            ArenaEvent::Respawned { player } => (player, "respawn"),
            ArenaEvent::PickedUp {
                player,
                kind: PickupKind::Rapid,
            } => (player, "pickup"),
            ArenaEvent::ShipChanged { player, .. } => (player, "ship"),
            // These change hit points and scores, which no flight depends on.
            ArenaEvent::Hit { .. }
            | ArenaEvent::PickedUp {
                kind: PickupKind::Repair,
                ..
            }
            | ArenaEvent::RoundOver { .. } => return None,
        };
        (whom == player).then_some(cause)
    }
}
