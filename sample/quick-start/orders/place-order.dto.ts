import { IsBoolean, IsEmail, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';

export class PlaceOrderDto {
  @IsEmail() email!: string;
  @IsString() @Length(1, 100) product!: string;
  @IsInt() @Min(1) @Max(1_000) quantity!: number;
  /** Makes the payment fail, to see that the order and its mail are gone together. */
  @IsOptional() @IsBoolean() declinePayment?: boolean;
}
