// src/instance/programs/find.ts on machines where every program is there.
export const findProgram = async (name: string, major = 17): Promise<object> => ({
  ...{ file: `/usr/bin/${name}`, major, version: major * 10_000 + 99 },
});
