// Made by scripts/build-kernel.mjs: the arrays of kernel/*/layout.mjs, by their length.
import { Address } from './address';

@unmanaged
export class AddressArray256 {
  @inline
  @operator('[]')
  get(index: u32): Address {
    assert(index < 256);
    return changetype<Address>(changetype<usize>(this) + ((<usize>index) << 4));
  }
}

@unmanaged
export class AddressArray8192 {
  @inline
  @operator('[]')
  get(index: u32): Address {
    assert(index < 8192);
    return changetype<Address>(changetype<usize>(this) + ((<usize>index) << 4));
  }
}

@unmanaged
export class AddressArray65536 {
  @inline
  @operator('[]')
  get(index: u32): Address {
    assert(index < 65_536);
    return changetype<Address>(changetype<usize>(this) + ((<usize>index) << 4));
  }
}

@unmanaged
export class AddressArray122880 {
  @inline
  @operator('[]')
  get(index: u32): Address {
    assert(index < 122_880);
    return changetype<Address>(changetype<usize>(this) + ((<usize>index) << 4));
  }
}

@unmanaged
export class AddressArray131584 {
  @inline
  @operator('[]')
  get(index: u32): Address {
    assert(index < 131_584);
    return changetype<Address>(changetype<usize>(this) + ((<usize>index) << 4));
  }
}

@unmanaged
export class AddressArray262144 {
  @inline
  @operator('[]')
  get(index: u32): Address {
    assert(index < 262_144);
    return changetype<Address>(changetype<usize>(this) + ((<usize>index) << 4));
  }
}

@unmanaged
export class Array8<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 8);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 8);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array16<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 16);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 16);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array32<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 32);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 32);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array64<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 64);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 64);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array100<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 100);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 100);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array256<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 256);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 256);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array1024<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 1024);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 1024);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array2048<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 2048);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 2048);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array8192<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 8192);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 8192);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array65536<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 65_536);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 65_536);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array73728<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 73_728);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 73_728);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array122880<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 122_880);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 122_880);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array131072<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 131_072);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 131_072);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array131584<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 131_584);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 131_584);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array133120<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 133_120);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 133_120);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array262144<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 262_144);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 262_144);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array263168<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 263_168);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 263_168);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array589824<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 589_824);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 589_824);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array1048576<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 1_048_576);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 1_048_576);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array1474560<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 1_474_560);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 1_474_560);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array4194304<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 4_194_304);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 4_194_304);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array5406720<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 5_406_720);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 5_406_720);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array5472256<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 5_472_256);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 5_472_256);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array8388608<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 8_388_608);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 8_388_608);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array31467520<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 31_467_520);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 31_467_520);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array33554432<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 33_554_432);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 33_554_432);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Array134217728<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 134_217_728);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 134_217_728);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}
