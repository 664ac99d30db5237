// What one would write without kvnest: Nest on Fastify, bodies parsed to Buffers and kept in a Map.
import 'reflect-metadata';
import { Controller, Get, Module, Param, Put, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';

const values = new Map();

class PlainController {
  put(key, request) {
    values.set(key, request.body);
    return { stored: true };
  }

  get(key, reply) {
    void reply.type('application/octet-stream').send(values.get(key));
  }
}

class PlainModule {}

const route = (name) => Object.getOwnPropertyDescriptor(PlainController.prototype, name);
Put(':key')(PlainController.prototype, 'put', route('put'));
Get(':key')(PlainController.prototype, 'get', route('get'));
Param('key')(PlainController.prototype, 'put', 0);
Req()(PlainController.prototype, 'put', 1);
Param('key')(PlainController.prototype, 'get', 0);
Res()(PlainController.prototype, 'get', 1);
Controller('v1/objects')(PlainController);
Module({ controllers: [PlainController] })(PlainModule);

const app = await NestFactory.create(PlainModule, new FastifyAdapter(), { logger: false });
app.useBodyParser('application/octet-stream', { bodyLimit: 64 * 1024 * 1024 });
await app.listen(0, '127.0.0.1');
process.send({ port: app.getHttpServer().address().port });
process.on('message', () => process.send({ cpu: process.cpuUsage() }));
