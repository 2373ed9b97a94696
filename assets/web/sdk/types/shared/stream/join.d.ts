/**
 * Reads a join.
 *
 * @param {StreamPlan} plan what follows from the schema
 * @param {Uint8Array} bytes the join
 * @param {StreamState | null} before what was known of the stream
 * @returns {StreamState} the state that the join tells
 * @throws {DecodeError} if it can't be decoded
 */
export function readJoin(plan: StreamPlan, bytes: Uint8Array, before: StreamState | null): StreamState;
export type ClassPlan = import("../plan.js").ClassPlan;
export type GroupPlan = import("../plan.js").GroupPlan;
export type LanePlan = import("../plan.js").LanePlan;
export type StreamPlan = import("../plan.js").StreamPlan;
export type ClassMemory = import("./memory.js").ClassMemory;
import { StreamState } from "./state.js";
