import multipart from '@fastify/multipart';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../../../domain/errors.ts';
import type { Attachment as Uploaded } from '../../../domain/message.ts';
import { attachmentNotFound } from '../../../domain/stored-file.ts';
import { Bytes, Nothing } from '../../contract/answers.ts';
import { AttachmentParams, UploadBody } from '../../contract/requests.ts';
import { Attachment } from '../../contract/shapes.ts';
import { presentAttachment } from '../../present.ts';
import type { Services } from '../../services.ts';
import { exceptBody } from '../except-body.ts';
import { sendFile } from '../send-file.ts';

/** What surrounds the one file of an upload. */
const LIMITS = { parts: 1, files: 1, fields: 0, headerPairs: 20, fieldNameSize: 100 };

/** Files that go with messages. */
export const attachmentRoutes =
  ({ attachments, storage }: Services): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.removeAllContentTypeParsers();
    // The bound is that of the store, which stops in the middle; what comes after it is read and forgotten.
    await app.register(multipart, { limits: { ...LIMITS, fileSize: Number.POSITIVE_INFINITY } });

    app.post(
      '/attachments',
      {
        schema: {
          operationId: 'uploadAttachment',
          summary: 'Upload a file, to be sent within a day',
          tags: ['attachments'],
          consumes: ['multipart/form-data'],
          body: UploadBody,
          response: { 201: Attachment },
        },
        config: { limits: ['upload'], errors: ['UPLOAD_LIMIT'] },
        validatorCompiler: exceptBody,
      },
      async (request, reply) => {
        const uploaded = await readUpload(request, (name, content) => attachments.upload(request.actor, name, content));
        reply.code(201);
        return presentAttachment(uploaded);
      },
    );

    app.get(
      '/attachments/:attachmentId',
      {
        schema: {
          operationId: 'getAttachment',
          summary: 'A file of mine, or of a message in a chat that I am in; one range of it, if asked',
          tags: ['attachments'],
          params: AttachmentParams,
          response: { 200: Bytes, 206: Bytes, 304: Nothing },
        },
        config: { errors: ['ATTACHMENT_NOT_FOUND'] },
      },
      async (request, reply) => {
        const file = await attachments.find(request.actor, request.params.attachmentId);
        return sendFile(request, reply, file, { storage, immutable: false, absent: attachmentNotFound });
      },
    );
  };

/** Hands over the one file that a form holds. */
async function readUpload(
  request: FastifyRequest,
  store: (name: string, content: AsyncIterable<Uint8Array>) => Promise<Uploaded>,
): Promise<Uploaded> {
  if (!request.isMultipart()) throw malformed();
  const part = await request.file().catch((cause) => {
    throw malformed(cause);
  });
  if (!part) throw malformed();
  const { file, filename } = part;
  try {
    return await store(filename, file.iterator({ destroyOnReturn: false }));
  } catch (error) {
    if (file.destroyed && !file.readableEnded) throw malformed(file.errored ?? error);
    file.resume(); // else a client that still sends would never see the answer
    throw error;
  }
}

const malformed = (cause?: unknown): DomainError =>
  new DomainError('MALFORMED_BODY', 'Send a form (multipart/form-data) with one file and nothing else.', { cause });
