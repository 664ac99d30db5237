import { IsNotEmpty, IsString, MaxLength } from 'class-validator';

/** A question about a document. Questions about the same document share its chunks. */
export class AskDto {
  @IsString()
  @IsNotEmpty()
  @MaxLength(100_000)
  readonly document!: string;

  @IsString()
  @IsNotEmpty()
  @MaxLength(1000)
  readonly question!: string;
}
