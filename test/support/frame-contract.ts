import Type, { type TObject, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { acks, ErrorFrame, HelloFrame, liveFrames, ReadyFrame } from '../../src/interfaces/contract/frames.ts';
import { Change } from '../../src/interfaces/contract/shapes.ts';

const ackOf = ({ properties }: TObject): TSchema =>
  Type.Object({ type: Type.Literal('ack'), id: Type.String(), ...properties }, { additionalProperties: false });

const frames: Record<string, TSchema> = { hello: HelloFrame, ready: ReadyFrame, error: ErrorFrame, ...liveFrames };
const validators = new Map(Object.entries(frames).map(([type, schema]) => [type, Compile(schema)]));
const ackValidators = new Map(Object.entries(acks).map(([type, schema]) => [type, Compile(ackOf(schema))]));
const change = Compile(Change);

/**
 * Fails where a frame from the server is not of the form that the contract gives it.
 * @param command what the frame answers, if it is an ack
 */
export function checkFrame(frame: { readonly type: string }, command: string | undefined): void {
  const validator = frame.type === 'ack' ? ackValidators.get(command ?? '') : (validators.get(frame.type) ?? change);
  if (validator?.Check(frame)) return;
  const problems = JSON.stringify(validator?.Errors(frame) ?? 'no such frame');
  throw new Error(`not as the contract says: ${JSON.stringify(frame)}: ${problems}`);
}
