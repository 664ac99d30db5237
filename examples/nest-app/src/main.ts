import 'reflect-metadata';
import { Logger, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { settings } from './settings.js';

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter());
app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true }));
// On SIGTERM: requests in flight are answered, then the connections to kvnest end, then the process.
app.enableShutdownHooks();
await app.listen(settings.port, settings.host);
Logger.log(`Listens on ${await app.getUrl()}`, 'Main');
